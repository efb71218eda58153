"""A release: a dated folder of the published tables that describes itself and is never changed.

``write.py`` makes the folder, ``changes.py`` compares it with the release before, ``metadata.py`` and ``card.md.j2``
write the files that describe it. Everything is read from the published file. Not here: uploading, which the tools of a
host do.
"""
