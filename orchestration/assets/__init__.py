"""Assets, in the way of the data: ``landing`` → ``raw`` (gate 1) → ``models`` (dbt) → ``publication`` (gate 2)."""

import warnings

import dagster as dg

# Betas that the assets use on purpose: backfill policies, freshness policies.
warnings.filterwarnings("ignore", category=dg.BetaWarning)
