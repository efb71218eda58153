"""Where papers come from: HTTP and page formats in, typed records out.

Belongs here: requests, retries, politeness, parsers, the replay server. Does not belong here:
anything that knows about the orchestrator, a database, a data frame or dbt (a test checks the imports).
"""
