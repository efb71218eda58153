"""Assets, by data flow: ``landing`` → ``raw`` → ``models`` (dbt) → ``publication``, with the two gates."""

import warnings

import dagster as dg

# Betas that the assets use on purpose: backfill policies, freshness policies.
warnings.filterwarnings("ignore", category=dg.BetaWarning)
