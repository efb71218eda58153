"""Errors of the warehouse. Each message is one sentence with the remedy; the class decides the exit code."""

from __future__ import annotations


class WarehouseError(Exception):
    """An error that a user can act on. ``exit_code``: 1 a gate blocked · 2 usage, input or home · 3 source."""

    exit_code = 2


class InputError(WarehouseError):
    """An argument, a setting or an input file can't be used."""


class HomeError(WarehouseError):
    """The home directory can't be used: not writable, full, damaged, or of a newer version."""


class DamagedError(HomeError):
    """The content of a database of the home can't be read."""


class BusyError(HomeError):
    """Another program has a database of the home open for writing."""


class ArchiveError(HomeError):
    """The landing archive is damaged, or was written to by a newer version."""


class LockError(WarehouseError):
    """Another run holds the warehouse."""

    exit_code = 1


class GateError(WarehouseError):
    """A gate blocked the run. The published file is as it was."""

    exit_code = 1


class UnreachableError(WarehouseError):
    """The source could not be reached, or had no usable answer for any requested date."""

    exit_code = 3


class Stopped(BaseException):
    """Ctrl-C or SIGTERM stopped the command. Not an Exception, so that no handler of exceptions catches it."""
