"""Asking a server of one's own by HTTP, without following it anywhere."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

_SECONDS = 5.0


def ask(url: str) -> tuple[int, bytes]:
    """The status and the body of a GET.

    Args:
        url: an `http:` address.

    Raises:
        OSError: if nobody answers, or not in HTTP.
    """
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=_SECONDS)
    try:
        connection.request("GET", parts.path or "/")
        response = connection.getresponse()
        return response.status, response.read()
    except http.client.HTTPException as error:
        raise ConnectionError(f"what answers there speaks no HTTP: {error}") from error
    finally:
        connection.close()
