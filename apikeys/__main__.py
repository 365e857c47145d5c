"""`python -m apikeys`: the command, also where its script is not on the path."""

from apikeys.cli import main

main()
