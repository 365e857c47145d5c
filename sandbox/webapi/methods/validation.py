"""apps.manifest.validate and blocks.validate: whether Slack would accept something, and why not."""

from collections.abc import Callable, Mapping
from typing import Final

from sandbox.base.errors import ManifestError, SlackError
from sandbox.blockkit import InvalidBlocks, check_message, check_view
from sandbox.state.manifest import read_manifest
from sandbox.state.models import Json
from sandbox.webapi.core.call import Call, Method

# How each argument is checked, and where its errors' pointers begin. Blocks on their own are
# checked as those of a message: the call does not say what they are for.
_CHECKS: Final[Mapping[str, tuple[Callable[[object], None], str]]] = {
    "blocks": (lambda blocks: check_message({"blocks": blocks}), "/blocks"),
    "view": (check_view, "/view"),
    "message": (check_message, ""),
}


def manifest(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/apps.manifest.validate"""
    call.text("manifest")  # text only: an object is refused
    try:
        read_manifest(call.json("manifest", broken="invalid_manifest"))
    except ManifestError as broken:
        raise SlackError("invalid_manifest", errors=broken.errors) from None
    return {}


def blocks(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/blocks.validate"""
    given = [name for name in _CHECKS if call.given(name)]
    if len(given) != 1:
        message = "must provide exactly one of `blocks`, `view`, or `message`"
        raise SlackError("invalid_arguments", response_metadata={"messages": [message]})
    (name,) = given
    check, root = _CHECKS[name]
    try:
        check(call.json(name))
    except InvalidBlocks as broken:
        errors = [_error(text, root) for text in broken.errors]
        raise SlackError(f"invalid_{name}", errors=errors) from None
    return {}


def _error(text: str, root: str) -> Json:
    """Parse an error such as `[ERROR] must be shorter [json-pointer:/blocks/0/text]`."""
    message, _, pointer = text.removeprefix("[ERROR] ").rpartition(" [json-pointer:")
    pointer = pointer.removesuffix("]").removeprefix(root)
    return {"code": "failed_constraint", "message": message, "pointer": pointer}


METHODS = {
    "apps.manifest.validate": Method(manifest, caller="config"),
    "blocks.validate": Method(blocks, caller="any"),
}
