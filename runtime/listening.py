"""Where a program listens, in a form that no other running program can share."""

from __future__ import annotations

import hashlib
from pathlib import Path

_LENGTH = 10


def listening_id(listen: str) -> str:
    """Return a short text for an address and port of this machine, since it was started.

    Two programs cannot listen at the same address and port of one network of one running machine.
    So if this program does, an earlier one of the same place has ended. A cloned machine has
    another boot id, and a container another network.

    Returns:
        An empty text if that is unknown here: not on Linux, or if the system chooses the port.

    Source: https://man7.org/linux/man-pages/man4/random.4.html, "boot_id".
    """
    if listen.rpartition(":")[2] == "0":
        return ""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        network = str(Path("/proc/self/ns/net").readlink())
    except (OSError, ValueError):
        return ""
    digest = hashlib.sha256("\0".join((boot, network, listen)).encode())
    return digest.hexdigest()[:_LENGTH]
