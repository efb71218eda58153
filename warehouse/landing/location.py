"""The landing archive at a location: in a folder or on an object store."""

from __future__ import annotations

from pathlib import Path

from warehouse.landing.archive import Landing
from warehouse.landing.folder import FolderLanding
from warehouse.landing.object_store import open_storage
from warehouse.landing.remote import RemoteLanding


def open_landing(root: Path | str) -> Landing:
    """The archive in a folder, or below a URL of an object store such as ``s3://bucket/landing``."""
    if "://" in str(root):
        return RemoteLanding(open_storage(root))
    return FolderLanding(Path(root))
