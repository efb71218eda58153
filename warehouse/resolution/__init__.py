"""Who is who: names, statistics, the author resolver, its measurement. Knows no store and no orchestrator.

`resolver` places mentions into persons; `reach` says what a new day can touch; `persons` gives ids that stay and
obeys people's overrides; `interchange`, `benchmarks` and `score` measure the same code on labelled sets.
"""
