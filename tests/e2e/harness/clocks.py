"""A clock that a program takes for its machine's, and that can be set wrong while it runs.

Debian's package libfaketime; the monotonic clock stays as it is, as it does when somebody sets a
real machine's time.
"""

from __future__ import annotations

from pathlib import Path

_LIBRARY = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


def may_be_wrong() -> bool:
    """Whether there is such a clock here."""
    return bool(_LIBRARY)


def clock_of(file: Path) -> dict[str, str]:
    """The environment of a program whose clock says what stands in the file, such as `+2m`."""
    file.write_text("+0")
    return {
        "LD_PRELOAD": str(_LIBRARY[0]),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
