"""Hugging Face Daily Papers: client, records and the parsers of its three formats."""
