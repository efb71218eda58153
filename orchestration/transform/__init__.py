"""The dbt models, built by an engine, and what is read from dbt's own files: manifest, lineage, docs."""
