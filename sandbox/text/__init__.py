"""Parse Slack's mrkdwn and rich text into a tree, and turn it into plain text or HTML.

::

    tree = parse("*Hi* <@U1>")                 # mrkdwn, as in a message's text
    tree = parse_text_object(block["text"])    # a plain_text or mrkdwn object
    tree = parse_rich_text(block)              # a rich_text block
    to_plain(tree, names)                      # dates as their fallback …
    to_plain(tree, names, now, tz)             # … or as this reader sees them
    to_html(tree, names, now, tz)              # always escaped
    plain_of_message(message, names)           # all visible text, in reading order
    plain_of_view(view, names)                 # the same of a modal or a Home tab
    code_of_message(message)                   # the content of its code spans and blocks
    notification_of(message, names)            # what a phone shows, and a screen reader reads

``names`` turns ids into names (``Names`` is the protocol, ``NameBook`` a ready-made one from
dicts). ``now`` is an aware datetime, ``tz`` the reader's time zone. ``sandbox.text.html`` names the
CSS classes that the HTML uses; its ``safe_url`` decides which URLs a page may link to.
"""

from sandbox.text.dates import format_date
from sandbox.text.html import safe_url, to_html
from sandbox.text.mrkdwn import parse, parse_plain, unescape
from sandbox.text.names import NO_NAMES, NameBook, Names
from sandbox.text.nodes import Node, Tree, code_spans
from sandbox.text.notifications import Notification, notification_of
from sandbox.text.plain import to_plain
from sandbox.text.rich_text import parse_rich_text
from sandbox.text.visible_text import (
    code_of_message,
    parse_text_object,
    plain_of_message,
    plain_of_view,
)

__all__ = [
    "NO_NAMES",
    "NameBook",
    "Names",
    "Node",
    "Notification",
    "Tree",
    "code_of_message",
    "code_spans",
    "format_date",
    "notification_of",
    "parse",
    "parse_plain",
    "parse_rich_text",
    "parse_text_object",
    "plain_of_message",
    "plain_of_view",
    "safe_url",
    "to_html",
    "to_plain",
    "unescape",
]
