"""Search of the published file."""
