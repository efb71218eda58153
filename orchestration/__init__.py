"""How it runs: Dagster assets, checks, schedule and sensors, and the `papers` command.

Belongs here: wiring. Does not belong here: HTTP (``sources``), storage (``warehouse``), SQL (``dbt_project``).
"""
