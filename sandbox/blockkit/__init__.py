"""Check Block Kit payloads as strictly as Slack: what is wrong, and where.

There are two functions::

    check_message(payload)   # chat.postMessage, chat.update, chat.postEphemeral, response_url
    check_view(view)         # views.open, views.push, views.update, views.publish

Both return nothing for a valid payload and raise ``InvalidBlocks`` with every error otherwise.
Both take decoded JSON: decode a form's ``blocks=[...]`` string first.
"""

from sandbox.blockkit.base.errors import InvalidBlocks
from sandbox.blockkit.surfaces import check_message, check_view

__all__ = ["InvalidBlocks", "check_message", "check_view"]
