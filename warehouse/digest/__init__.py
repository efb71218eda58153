"""What rose, told to people who asked: one selection, rendered as mail and as feeds, sent once.

Reads the published file only, so what failed a gate can't be in it. Here belong the selection, subscriptions, mail,
feeds and the record of what was sent; not here: the report's pages (``warehouse.report``) and schedules.
"""
