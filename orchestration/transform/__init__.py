"""The dbt models, built by DuckDB or Spark, and what is read from dbt's own files: manifest, lineage, docs."""
