"""What people read: Slack's mrkdwn and rich text as a small typed tree, as plain text, as HTML.

::

    tree = parse("*Hi* <@U1>")                 # mrkdwn, as in a message's text
    tree = parse_text_object(block["text"])    # a plain_text or mrkdwn object
    tree = parse_rich_text(block)              # a rich_text block
    to_plain(tree, names)                      # dates as their fallback …
    to_plain(tree, names, now=now, tz=tz)      # … or as this person reads them
    to_html(tree, names, now, tz)              # always escaped
    plain_of_message(message, names)           # everything a person reads, in reading order
    plain_of_view(view, names)

``names`` turns ids into names (``Names`` is the protocol, ``NameBook`` a ready-made one from
dicts). ``now`` is an aware datetime, ``tz`` the reader's time zone.
"""
