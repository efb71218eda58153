"""Digests and feeds of rising papers for subscribers: one selection, rendered as mail and as feeds.

Reads the published file only, so what failed a gate can't be in it. Here: the selection, subscriptions, mail, feeds
and the record of deliveries. Not here: the pages of the report (``warehouse.report``) and schedules.
"""
