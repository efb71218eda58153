"""Author resolution measured on labelled sets."""
