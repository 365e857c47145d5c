"""The files that the app has uploaded."""

import mimetypes
from dataclasses import dataclass

from sandbox.base.ids import new_hex, new_id
from sandbox.state.models import Json

_KINDS = {"csv": "CSV", "json": "JSON", "png": "PNG", "txt": "Plain Text"}


@dataclass
class Upload:
    """One file. `content` is None until the bytes are uploaded, `created` 0 until completed.

    `secret` is the last part of the upload URL, which works once. `shared_in` is the conversation
    whose members can read the file.
    """

    id: str
    secret: str
    name: str
    size: int
    user: str
    alt: str = ""
    title: str = ""
    created: float = 0.0
    content: bytes | None = None
    shared_in: str | None = None


class Files:
    """The files of a workspace, guarded by its lock.

    They are not saved between runs.
    """

    def __init__(self) -> None:
        self._uploads: dict[str, Upload] = {}

    def expect(self, name: str, size: int, user: str, alt: str) -> Upload:
        """Create a file whose bytes are still to be uploaded."""
        upload = Upload(new_id("F"), new_hex(40), name, size, user, alt)
        self._uploads[upload.id] = upload
        return upload

    def get(self, id_: str) -> Upload | None:
        """Return the file with this id, or None."""
        return self._uploads.get(id_)

    def receive(self, secret: str, content: bytes) -> bool:
        """Store uploaded bytes; returns False for an unknown or used URL, or a wrong length."""
        for upload in self._uploads.values():
            if upload.secret == secret and upload.content is None:
                if len(content) != upload.size:
                    return False
                upload.content = content
                return True
        return False


def file_json(upload: Upload) -> Json:
    """Return a file object (https://docs.slack.dev/reference/objects/file-object)."""
    ending = upload.name.rpartition(".")[2].lower()
    return {
        "id": upload.id,
        "created": int(upload.created),
        "timestamp": int(upload.created),
        "name": upload.name,
        "title": upload.title,
        "alt_txt": upload.alt,
        "mimetype": mimetypes.guess_type(upload.name)[0] or "application/octet-stream",
        "filetype": ending,
        "pretty_type": _KINDS.get(ending, ending.upper()),
        "user": upload.user,
        "size": upload.size,
        "mode": "hosted",
        "is_external": False,
        "is_public": False,
        "url_private": f"/files/{upload.id}/{upload.name}",
        "url_private_download": f"/files/{upload.id}/{upload.name}?download=1",
    }
