"""Runs of the jobs that a command starts: launched, replayed by the demo, backfilled, timed."""
