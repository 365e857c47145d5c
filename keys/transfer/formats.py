"""Export formats, and the names of digest algorithms in import files."""

from __future__ import annotations

from enum import StrEnum

from keys.credentials.algorithms import Algorithm

ALGORITHMS = {
    "sha256": Algorithm.SHA256,
    "sha256_hex": Algorithm.SHA256,
    "sha256_base64": Algorithm.SHA256,
    "unkey": Algorithm.SHA256,
    "sha256_last": Algorithm.SHA256_LAST,
    "seam": Algorithm.SHA256_LAST,
    "sha512": Algorithm.SHA512,
    "drf": Algorithm.SHA512,
}


class Form(StrEnum):
    """The format of an export."""

    CSV = "csv"
    JSON = "json"
