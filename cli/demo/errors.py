"""What stops the demo."""


class DemoError(Exception):
    """The demo cannot start or go on; the message is a sentence or two that say what to do."""
