"""Only the practice Slack's own page may use it in a browser; programs are not concerned."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from sandbox.sandbox import Sandbox

MANIFEST = Path(__file__).parents[3] / "manifest.yml"
pytestmark = pytest.mark.sockets


@pytest.fixture(scope="module")
def slack() -> Iterator[Sandbox]:
    with Sandbox(MANIFEST) as made:
        yield made


def url(slack: Sandbox) -> str:
    return slack.url.rstrip("/")


def status(slack: Sandbox, method: str = "POST", **headers: str) -> int:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.request(method, f"{url(slack)}/api/api.test", headers=sent).status_code


def test_programs_and_the_own_page_are_answered(slack: Sandbox) -> None:
    own = url(slack)
    port = own.rpartition(":")[2]
    assert status(slack) == 200
    assert status(slack, Origin=own, Sec_Fetch_Site="same-origin") == 200
    assert status(slack, Host=f"localhost:{port}") == 200
    assert status(slack, Host=f"localhost:{port}", Origin=f"http://localhost:{port}") == 200
    assert status(slack, Host=f"[::1]:{port}") == 200
    assert status(slack, "GET", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate") == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost.evil.example"},
        {"Host": "evil.example"},
        {"Host": "evil.example:80", "Origin": "http://evil.example:80"},
        {"Host": "localhost.evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "127.0.0.1@evil.example"},
        {"Host": ""},
        {"Host": "["},
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"},
        {"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "cors"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_page_is_refused(slack: Sandbox, method: str, headers: dict[str, str]) -> None:
    assert status(slack, method, **headers) == 403


def test_files_are_not_read_from_another_page(slack: Sandbox) -> None:
    got = httpx.get(f"{url(slack)}/files/F1/a.csv?as=alice", headers={"Host": "evil.example"})
    assert got.status_code == 403


def test_two_hosts_are_refused(slack: Sandbox) -> None:
    host, _, port = url(slack).removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), 5) as raw:
        raw.sendall(
            b"GET /api/api.test HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n"
            b"Connection: close\r\n\r\n"
        )
        assert raw.recv(100).startswith((b"HTTP/1.1 403", b"HTTP/1.1 400"))


def test_a_web_socket_of_another_page_is_refused(slack: Sandbox) -> None:
    async def open_from(origin: str) -> None:
        async with connect(f"ws{url(slack).removeprefix('http')}/link", origin=origin):  # type: ignore[arg-type]
            pass

    with pytest.raises(InvalidStatus, match="403"):
        asyncio.run(open_from("https://evil.example"))


def test_it_is_shown_in_no_frame(slack: Sandbox) -> None:
    got = httpx.get(f"{url(slack)}/api/api.test")
    assert got.headers["x-frame-options"] == "DENY"
    assert got.headers["content-security-policy"] == "frame-ancestors 'none'"
