"""Send a GET to one of our own servers, without following redirects."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

_SECONDS = 5.0


def ask(url: str) -> tuple[int, bytes]:
    """Return the status and the body of a GET.

    Args:
        url: an `http:` address.

    Raises:
        OSError: if no server answers, or the answer is not HTTP.
    """
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=_SECONDS)
    try:
        connection.request("GET", parts.path or "/")
        response = connection.getresponse()
        return response.status, response.read()
    except http.client.HTTPException as error:
        raise ConnectionError(f"the answer is not HTTP: {error}") from error
    finally:
        connection.close()
