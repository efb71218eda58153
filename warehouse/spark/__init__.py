"""Everything that only Spark needs: its session, raw tables from the hand-over, Iceberg tables, the file of them."""
