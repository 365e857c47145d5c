"""`python -m cli`: the command, also where its script is not on the path."""

from cli.main import main

main()
