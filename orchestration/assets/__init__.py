"""Assets, in the way of the data: ``landing`` → ``raw`` (gate 1) → ``models`` (dbt) → ``publication`` (gate 2)."""
