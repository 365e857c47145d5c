"""The former import path of the practice Slack; it works for one more version, with a warning."""

from __future__ import annotations

import warnings

from sandbox.sandbox import Sandbox as PracticeSlack

__all__ = ["PracticeSlack"]

warnings.warn(
    "sandbox.practice.PracticeSlack is now sandbox.sandbox.Sandbox; the old path ends with the "
    "next version.",
    DeprecationWarning,
    stacklevel=2,
)
