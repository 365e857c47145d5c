"""What may go wrong below everything; imports nothing, so that a command's help is quick."""

from __future__ import annotations


class StorageUnavailable(Exception):
    """The database cannot be reached, or did not answer in time."""
