"""`python -m cli`: the command, if its script is not on the path."""

from cli.main import main

main()
