"""Slack's Web API without a transport: method and arguments in, status, headers and body out.

`WebApi(workspace, install, triggers, faults, traffic, connect=...)` answers
`call(method, args, token) -> (status, headers, body)`. `sandbox.webapi.core.messages` puts
messages in their places, `sandbox.webapi.core.modals` opens modals and Homes, and
`sandbox.webapi.core.serializers` is how things look in Slack's JSON.
"""

from sandbox.webapi.dispatcher import Answer, WebApi

__all__ = ["Answer", "WebApi"]
