"""The attack: kills, full disks, damages, hostile servers, inputs, mails and web pages, seeded and bounded in time.

`make attack` runs it and prints what was tried and what held. ``ATTACK_SEED`` chooses other random damages;
what is not reached within ``PAPERS_ATTACK_SECONDS`` is shown as not tried. Tests of the fast tiers that attack too are
imported here, so that one command tries all.
"""
