"""The published file: how it replaces the one before, and what is read from it by SQL."""
