"""The program of the demo's bot: `apikeys run`, with the clock of the demo."""

from __future__ import annotations

import sys
from pathlib import Path

from cli.actions.run import run
from cli.demo.clock import ClockFile, DemoClock, following_schedule
from cli.main import exit_with


def main(path: str) -> None:
    """Run the bot and the gateway.

    Args:
        path: the file with the demo's clock.
    """
    file = ClockFile(Path(path))
    run(None, clock=DemoClock(file), make_schedule=following_schedule(file))


if __name__ == "__main__":
    exit_with(lambda: main(sys.argv[-1]))
