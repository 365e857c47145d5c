"""Slack's Web API without a transport: method and arguments in, status, headers and body out.

`WebApi(workspace, install, triggers, faults, traffic, connect=...)` answers
`call(method, args, token) -> (status, headers, body)`. `sandbox.webapi.posting` (messages),
`sandbox.webapi.stack` (modals and Homes) and `sandbox.webapi.shapes` (JSON as Slack shows it) are
also what answers to response URLs and acknowledgements are made with.
"""

from sandbox.webapi.dispatch import Answer, WebApi

__all__ = ["Answer", "WebApi"]
