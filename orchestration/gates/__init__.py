"""The two gates: rules, their runner in Great Expectations, verdicts, Data Docs, and what a person can do then."""
