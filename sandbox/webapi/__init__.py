"""Slack's Web API without a transport: method and arguments in, status, headers and body out.

`WebApi(workspace, install, triggers, faults, traffic, connect=...)` answers
`call(method, args, token) -> (status, headers, body)`. `sandbox.webapi.core.messages` posts
messages, `sandbox.webapi.core.modals` opens modals and Homes, and
`sandbox.webapi.core.serializers` makes Slack's JSON objects.
"""

from sandbox.webapi.dispatcher import Answer, WebApi

__all__ = ["Answer", "WebApi"]
