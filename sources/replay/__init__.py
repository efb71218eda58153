"""A local server that answers like the site, from a folder of captures. The demo and the tests run the client on it.

``server.py`` has the routes and injects the faults of ``sources/faults.py``, ``archive.py`` reads the folder, and
``python -m sources.replay`` is the command. Does not belong here: what an entry means.
"""

from __future__ import annotations

from sources.replay.archive import ArchiveError, ArchiveFolder
from sources.replay.server import ReplayServer

__all__ = ["ArchiveError", "ArchiveFolder", "ReplayServer"]
