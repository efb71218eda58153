"""Everything that only Spark needs: the session, the hand-over, Iceberg tables, and the file made from them."""
