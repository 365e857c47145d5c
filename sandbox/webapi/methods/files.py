"""files.*: uploading in three steps, as in Slack since `files.upload` ended.

The app gets an upload URL, sends the bytes there, and completes the upload, which shares it.
"""

import copy

from sandbox.base.errors import SlackError
from sandbox.state.files import Upload, file_json
from sandbox.state.models import Channel, Json, Message
from sandbox.webapi.core import messages
from sandbox.webapi.core.call import Call, Method
from sandbox.webapi.core.serializers import message_json

_WRITE = ("files:write",)
_ALT_MAX = 1_000


def get_upload_url(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/files.getUploadURLExternal"""
    name, length = call.text("filename"), call.integer("length")
    if length <= 0:
        raise SlackError("invalid_arguments")
    alt = str(call.args.get("alt_txt") or "")
    if len(alt) > _ALT_MAX:
        raise SlackError("alt_txt_too_large")
    upload = call.workspace.files.expect(name, length, call.install.bot_user, alt)
    return {"upload_url": call.upload_url(upload.secret), "file_id": upload.id}


def complete_upload(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/files.completeUploadExternal"""
    given = call.json("files", broken="invalid_arguments")
    if not isinstance(given, list) or not given or not all(isinstance(f, dict) for f in given):
        raise SlackError("invalid_arguments")
    with call.workspace.change():
        channel = _target_channel(call)
        uploads = [_uploaded(call, file) for file in given]
        for upload, file in zip(uploads, given, strict=True):
            upload.title = str(file.get("title") or upload.name)
            upload.shared_in = channel.id if channel is not None else None
            upload.created = call.workspace.clock.now()
        files = [file_json(upload) for upload in uploads]
        if channel is not None:
            call.events.append(_share(call, channel, files))
    return {"files": files}


def _uploaded(call: Call, file: Json) -> Upload:
    upload = call.workspace.files.get(str(file.get("id") or ""))
    if upload is None or upload.created:
        raise SlackError("file_not_found")
    if upload.content is None:
        # Slack issued the URL, and no bytes were uploaded.
        raise SlackError("file_not_found")
    return upload


def _target_channel(call: Call) -> Channel | None:
    """Return where to share a file; without a channel it is private to the app."""
    if not call.given("channel_id"):
        return None
    channel = call.channel("channel_id")
    if channel.archived:
        raise SlackError("is_archived")
    if call.install.bot_user not in channel.members:
        raise SlackError("not_in_channel")
    thread = _thread(call)
    if thread is not None and call.workspace.find_message(channel.id, thread) is None:
        raise SlackError("thread_not_found")
    return channel


def _thread(call: Call) -> str | None:
    return str(call.args.get("thread_ts") or "") or None


def _share(call: Call, channel: Channel, files: list[Json]) -> messages.Event:
    message = Message(
        channel=channel.id,
        ts=call.workspace.next_ts(),
        user=call.install.bot_user,
        text=str(call.args.get("initial_comment") or ""),
        bot_id=call.install.bot_id,
        app_id=call.install.app_id,
        thread_ts=_thread(call),
        subtype="file_share",
        payload={"files": copy.deepcopy(files)},
    )
    call.workspace.messages.setdefault(channel.id, []).append(message)
    return messages.message_event(call.workspace, message, message_json(call.workspace, message))


METHODS = {
    "files.getUploadURLExternal": Method(get_upload_url, _WRITE),
    "files.completeUploadExternal": Method(complete_upload, _WRITE),
}
