"""The demo's error."""


class DemoError(Exception):
    """The demo cannot start or continue; the message is a sentence or two that say what to do."""
