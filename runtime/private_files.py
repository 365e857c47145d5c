"""Files that only their owner may read: the one place where they are written and read.

A file is written to a draft that is private from its first byte, and then moved into place: another
program sees the old file or the new one, whatever the umask is and whenever the machine stops.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_PRIVATE = 0o600
_OF_OTHERS = 0o077


class NotPrivate(Exception):
    """A secret's file is not as private as it has to be; the message says how to mend that."""


def read(path: Path) -> str:
    """Return the text of a secret's file.

    It must be a file itself and no link, belong to the user who runs this program, and be readable
    by nobody else. All of that is asked of the opened file, so it cannot be exchanged in between.

    Raises:
        NotPrivate: if it is not.
        FileNotFoundError: if there is none.
        OSError: if it cannot be read.
    """
    try:
        # Without waiting, should it be a pipe.
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise NotPrivate(
                f"{path} is a symbolic link, so another user may decide what is read. Replace it "
                f"with the file itself: cp --remove-destination $(readlink -f {path}) {path}"
            ) from None
        raise
    with os.fdopen(opened, encoding="utf-8") as file:
        _check(path, os.fstat(opened))
        return file.read()


def _check(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise NotPrivate(f"{path} is not a file. Put the file itself there.")
    if found.st_uid != os.geteuid():
        raise NotPrivate(
            f"{path} belongs to another user (number {found.st_uid}), who can change it. Run this "
            f"as that user, or take it over: sudo chown {os.geteuid()} {path}"
        )
    if found.st_mode & _OF_OTHERS:
        raise NotPrivate(f"Other users can read {path}. Protect it with: chmod 600 {path}")


@contextmanager
def draft_of(path: Path) -> Iterator[Path]:
    """Yield an empty private file next to a path; it replaces the path if the block ends well.

    Raises:
        OSError: if it cannot be written, or if the path is something else than a file.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is not a file", str(path))
    with _draft(path) as draft:
        yield draft
        _flush(draft)
        draft.replace(path)
        _flush(path.parent)


@contextmanager
def writing(path: Path) -> Iterator[IO[str]]:
    """Yield a text file that replaces a path if the block ends well. Raises OSError.

    Line ends are written as they are given.
    """
    with draft_of(path) as draft, draft.open("w", encoding="utf-8", newline="") as file:
        yield file
        file.flush()


def create(path: Path, text: str) -> bool:
    """Write a file if there is none, with its folder.

    Returns:
        False if there is one, perhaps just made by another process: nothing was changed.

    Raises:
        OSError: if it cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _draft(path) as draft:
        draft.write_text(text, encoding="utf-8", newline="")
        _flush(draft)
        try:
            os.link(draft, path)
        except FileExistsError:
            return False
        _flush(path.parent)
    return True


def appending(path: str | Path, flags: int) -> int:
    """Open a file privately, for `open(…, opener=appending)`: one that is written to for long."""
    return os.open(path, flags, _PRIVATE)


@contextmanager
def _draft(path: Path) -> Iterator[Path]:
    """Yield an empty private file next to a path, which is gone afterwards unless it was moved."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE))
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
