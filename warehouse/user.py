"""The user of this process."""

from __future__ import annotations

import getpass
import os


def user_name() -> str:
    """The login name, or the number of a user without one, as in containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"
