"""The raw tables: one row per record of a load, the loader that fills them, and overrides as people wrote them."""
