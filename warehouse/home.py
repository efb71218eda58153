"""Paths in a home, the folder that holds everything of one warehouse.

Does not belong here: places that a setting can move out of the home (``settings.py``), disk space (``disk.py``).
"""

from __future__ import annotations

import os
from pathlib import Path

from warehouse.errors import InputError

#: In homes with the demo's papers, so that invented and real papers are never mixed.
DEMO_MARKER = "demo.json"
#: Characters that a path of a home can't have, and why: no way of escaping them was found.
_UNUSABLE_CHARACTERS = {
    "\\": "which DuckDB reads as a slash",
    "?": "after which DuckDB reads options and not a path",
    "[": "which Dagster reads as the start of a pattern",
}


class HomePaths:
    """The paths of one home; ``home`` is a field of the subclass."""

    home: Path

    @property
    def raw_database(self) -> Path:
        """The raw tables: records as parsed."""
        return self.home / "raw.duckdb"

    @property
    def next_database(self) -> Path:
        """The file in which a run builds the models."""
        return self.home / "next.duckdb"

    @property
    def published_database(self) -> Path:
        """The file that readers open."""
        return self.home / "papers.duckdb"

    @property
    def overrides(self) -> Path:
        """Files in which people correct the resolution of authors and organizations."""
        return self.home / "overrides"

    @property
    def exports(self) -> Path:
        return self.home / "exports"

    @property
    def data_docs(self) -> Path:
        return self.home / "data_docs"

    @property
    def dagster_home(self) -> Path:
        return self.home / "dagster"

    @property
    def dbt_target(self) -> Path:
        return self.home / "dbt"

    @property
    def digests(self) -> Path:
        """Records of sent digests and of entries in feeds, and previews. Worth a backup, as the landing archive is."""
        return self.home / "digest"

    @property
    def feeds(self) -> Path:
        return self.home / "report" / "feeds"

    @property
    def backup_record(self) -> Path:
        """When and where the home was backed up last."""
        return self.home / "last_backup.json"

    @property
    def lock_file(self) -> Path:
        return self.home / "writer.lock"


def usable_home(path: Path, what: str = "home") -> Path:
    """The absolute path of a home, or of ``what``. Raises InputError for a path that a library in use can't open."""
    try:
        home = path.expanduser().resolve()
    except RuntimeError as error:
        raise InputError(f"The {what} {path} can't be found ({error}): give it with its whole path.") from error
    text = str(home)
    for character, why in _UNUSABLE_CHARACTERS.items():
        if character in text:
            raise InputError(f"The path of the {what} {text} has a {character}, {why}: choose another one.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"The {what} {os.fsencode(home)!r} is not UTF-8, which dbt and Dagster need: choose another one."
        ) from error
    return home
