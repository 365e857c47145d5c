"""Slack's Web API without a transport: method and arguments in, status, headers and body out.

`WebApi(workspace, install, triggers, faults, traffic, connect=...)` answers
`call(method, args, token) -> (status, headers, body)`. `sandbox.webapi.posting` puts
messages in their places, `sandbox.webapi.stack` opens modals and Homes, and
`sandbox.webapi.shapes` is how things look in Slack's JSON.
"""

from sandbox.webapi.dispatch import Answer, WebApi

__all__ = ["Answer", "WebApi"]
