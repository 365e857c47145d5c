"""Programs that use the example API with a key, for the tour."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import httpx

from cli.demo.transcript import Transcript

SECONDS = 10


class Program:
    """A program with a token; its requests and their answers go into the transcript."""

    def __init__(self, name: str, address: str, token: str, transcript: Transcript) -> None:
        """Prepare the program without connecting.

        Args:
            name: its name in the transcript.
            address: the URL of the API's resource.
        """
        self._name, self._address, self._transcript = name, address, transcript
        self._client = client(token)

    def close(self) -> None:
        """Close its connection."""
        self._client.close()

    def reads(self, *, in_brief: bool = False) -> httpx.Response:
        """Send a GET; if `in_brief`, only the documents' titles go into the transcript."""
        return self._request("GET", show=_titles if in_brief else _body)

    def adds(self, **document: Any) -> httpx.Response:
        """Send a POST."""
        return self._request("POST", document)

    def _request(
        self,
        method: str,
        content: dict[str, Any] | None = None,
        show: Callable[[httpx.Response], str] | None = None,
    ) -> httpx.Response:
        body = "" if content is None else f"  {json.dumps(content, ensure_ascii=False)}"
        path = httpx.URL(self._address).path
        answer = self._client.request(method, self._address, json=content)
        sent = answer.request.headers["Authorization"]
        self._transcript.narrate(f"{self._name} sends a request, and gets an answer:")
        self._transcript.show(f"{method} {path}   Authorization: {sent}{body}")
        status = f"{answer.status_code} {answer.reason_phrase}"
        if challenge := answer.headers.get("WWW-Authenticate"):
            status += f"   WWW-Authenticate: {challenge}"
        self._transcript.show(f"{status}\n{(show or _body)(answer)}")
        return answer


def _body(answer: httpx.Response) -> str:
    # With spaces, so that lines can be wrapped.
    return json.dumps(answer.json(), ensure_ascii=False)


def _titles(answer: httpx.Response) -> str:
    if answer.status_code != 200:
        return _body(answer)
    return "Documents: " + ", ".join(each["title"] for each in answer.json()["documents"])


def client(token: str) -> httpx.Client:
    """Return a client that sends the token, and uses no proxy."""
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(headers=headers, timeout=SECONDS, trust_env=False)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer to the load loop; `answered` is in seconds of a monotonic clock."""

    answered: float
    status: int


class LoadLoop:
    """A program that sends the next request as soon as it has an answer, inside `with`."""

    def __init__(self, address: str, token: str) -> None:
        self._address, self._token = address, token
        self._responses: list[Response] = []
        self._error: httpx.HTTPError | None = None
        self._changed = threading.Condition()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="busy program", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(SECONDS * 2)

    @property
    def responses(self) -> list[Response]:
        """All answers, in order."""
        with self._changed:
            return list(self._responses)

    def wait_for(self, status: int, times: int = 1) -> None:
        """Wait until this many answers had that status.

        Raises:
            AssertionError: if that takes too long.
            httpx.HTTPError: if a request got no answer.
        """
        with self._changed:
            enough = self._changed.wait_for(lambda: self._done(status, times), SECONDS)
        if self._error is not None:
            raise self._error
        if not enough:
            raise AssertionError(f"no answer {status} came within {SECONDS} seconds")

    def _done(self, status: int, times: int) -> bool:
        came = sum(1 for each in self._responses if each.status == status)
        return came >= times or self._error is not None

    def _run(self) -> None:
        with client(self._token) as http:
            while not self._ending.is_set():
                try:
                    status = http.get(self._address).status_code
                except httpx.HTTPError as error:
                    with self._changed:
                        self._error = error
                        self._changed.notify_all()
                    return
                with self._changed:
                    self._responses.append(Response(time.monotonic(), status))
                    self._changed.notify_all()
