"""`python -m apikeys`, as the program was started before its packages had names of their own.

It works for one more version, with a warning.
"""

from __future__ import annotations

import sys

from cli.main import main

if __name__ == "__main__":
    print(  # noqa: T201 - the log is not set up yet
        "apikeys: “python -m apikeys” ends with the next version. Use: python -m cli",
        file=sys.stderr,
    )
    main()
