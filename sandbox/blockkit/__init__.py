"""Block Kit's rules, as strict as Slack's: refuse what Slack would refuse, say where and why.

Two questions are answered here, and nothing else::

    check_message(payload)   # chat.postMessage, chat.update, chat.postEphemeral, response_url
    check_view(view)         # views.open, views.push, views.update, views.publish

Both return nothing when all is well and raise ``InvalidBlocks`` with every error otherwise. Both
take decoded JSON: a form's ``blocks=[...]`` string is to be decoded first.
"""

from sandbox.blockkit.base.errors import InvalidBlocks
from sandbox.blockkit.surfaces import check_message, check_view

__all__ = ["InvalidBlocks", "check_message", "check_view"]
