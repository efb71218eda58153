"""What is kept: the landing archive, the raw tables with their verdicts, the published file.

Belongs here: files, DuckDB, the life of a load. Does not belong here: HTTP (``sources``), the orchestrator
(``orchestration``; a test checks the imports), the transformation (``dbt_project``).
"""
