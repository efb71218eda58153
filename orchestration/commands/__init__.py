"""The `papers` command: a module per group of commands."""
