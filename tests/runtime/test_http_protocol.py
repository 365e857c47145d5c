"""List which internals of Uvicorn `runtime.http_protocol` relies on; each is checked by name."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http import httptools_impl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from runtime import http_protocol
from runtime.http_messages import Receive, Scope, Send

ROOT = Path(__file__).parents[2]

# The methods that are overridden or called, with the parameters that they have.
METHODS = {
    "__init__": ["config", "server_state", "app_state", "_loop"],
    "connection_made": ["transport"],
    "connection_lost": ["exc"],
    "data_received": ["data"],
    "on_message_begin": [],
    "on_header": ["name", "value"],
    "on_headers_complete": [],
    "on_message_complete": [],
    "eof_received": [],
    "shutdown": [],
    "pause_writing": [],
    "resume_writing": [],
    "send_400_response": ["msg"],
}
# The attributes of a new connection that are read or set.
ATTRIBUTES = {
    "client",
    "cycle",
    "flow",
    "headers",
    "loop",
    "parser",
    "timeout_keep_alive",
    "timeout_keep_alive_task",
    "transport",
    "url",
}
# And what is asked of those in turn.
OF_ATTRIBUTES = {
    "cycle": {"response_complete"},
    "flow": {"read_paused", "write_paused"},
    "parser": {"get_http_version", "get_method", "should_keep_alive", "should_upgrade"},
}

REQUEST = b"GET /a?b=c HTTP/1.1\r\nHost: x\r\nX-Two: 1\r\n\r\n"


def changed(what: str) -> str:
    """The sentence for the engineer who updates Uvicorn."""
    return (
        f"Uvicorn {uvicorn.__version__} changed {what}, which runtime/http_protocol.py relies on. "
        "Compare uvicorn/protocols/http/httptools_impl.py with the version before, adapt "
        "BoundedHttpProtocol, and then this list."
    )


class Transport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ("192.0.2.7", 40_000), "sockname": ("127.0.0.1", 80)}.get(name)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


async def _app(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def _until(done: Callable[[], bool]) -> None:
    for _ in range(100):
        if done():
            return
        await asyncio.sleep(0)


def with_connection(work: Callable[[HttpToolsProtocol, Transport], Any]) -> None:
    """Runs `work` with a connection of Uvicorn's own class, as its server makes one."""

    async def run() -> None:
        config = uvicorn.Config(_app, http="httptools", ws="none", log_config=None)  # type: ignore[arg-type]
        connection = HttpToolsProtocol(config, ServerState(), {}, asyncio.get_running_loop())
        transport = Transport()
        connection.connection_made(transport)
        try:
            done = work(connection, transport)
            if inspect.isawaitable(done):
                await done
        finally:
            connection.connection_lost(None)

    asyncio.run(run())


def test_the_version_is_bounded_to_the_one_that_is_locked() -> None:
    locked = re.search(r"^uvicorn==(\d+)\.(\d+)\.", (ROOT / "lock/run.txt").read_text(), re.M)
    assert locked is not None
    major, minor = map(int, locked.groups())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (asked,) = (each for each in project["dependencies"] if each.startswith("uvicorn"))
    assert asked == f"uvicorn>={major}.{minor},<{major}.{minor + 1}", (
        "runtime/http_protocol.py relies on internals of Uvicorn, so pyproject.toml allows the "
        "minor version in lock/run.txt alone."
    )


def test_the_lists_name_all_that_is_used() -> None:
    (protocol,) = (
        node
        for node in ast.parse(inspect.getsource(http_protocol)).body
        if isinstance(node, ast.ClassDef) and node.name == "BoundedHttpProtocol"
    )
    supers, own = set(), set()
    # What the fast path is handed of a connection counts as used.
    used = set(http_protocol.RequestHead.__annotations__)
    of_attributes = {name: set[str]() for name in OF_ATTRIBUTES}
    for node in ast.walk(protocol):
        if isinstance(node, ast.FunctionDef):
            own.add(node.name)
        elif isinstance(node, ast.AnnAssign | ast.Assign):
            targets = [node.target] if isinstance(node, ast.AnnAssign) else node.targets
            own |= {each.id for each in targets if isinstance(each, ast.Name)}
            own |= {each.attr for each in targets if _is_private_of_self(each)}  # type: ignore[attr-defined]
        if isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Call) and ast.unparse(node.value) == "super()":
                supers.add(node.attr)
            elif isinstance(node.value, ast.Name) and node.value.id == "self":
                used.add(node.attr)
            elif (owner := ast.unparse(node.value).removeprefix("self.")) in of_attributes:
                of_attributes[owner].add(node.attr)
    overridden = own & vars(HttpToolsProtocol).keys() - {"__init__"}
    forgotten = "BoundedHttpProtocol uses other internals than the lists above name"
    assert supers | overridden | {"__init__"} == METHODS.keys(), forgotten
    assert used - own == ATTRIBUTES, forgotten
    assert of_attributes == OF_ATTRIBUTES, forgotten


def _is_private_of_self(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
        and node.attr.startswith("_")
    )


@pytest.mark.parametrize("name", METHODS)
def test_each_method_is_there_with_its_parameters(name: str) -> None:
    method = vars(HttpToolsProtocol).get(name)
    assert method is not None, changed(f"HttpToolsProtocol.{name}: it is gone")
    parameters = list(inspect.signature(method).parameters)[1:]
    assert parameters == METHODS[name], changed(f"the parameters of HttpToolsProtocol.{name}")


def test_each_attribute_is_there() -> None:
    def look(connection: HttpToolsProtocol, _transport: Transport) -> None:
        connection.data_received(REQUEST)
        for name in sorted(ATTRIBUTES):
            assert hasattr(connection, name), changed(f"HttpToolsProtocol.{name}: it is gone")
        for owner, names in OF_ATTRIBUTES.items():
            for name in sorted(names):
                has = hasattr(getattr(connection, owner), name)
                assert has, changed(f"HttpToolsProtocol.{owner}.{name}: it is gone")

    with_connection(look)


def test_a_status_line_is_whole() -> None:
    line = httptools_impl.STATUS_LINE[431]
    assert line == b"HTTP/1.1 431 Request Header Fields Too Large\r\n", changed("STATUS_LINE")


def test_a_new_connection_has_no_cycle_and_no_timer() -> None:
    def look(connection: HttpToolsProtocol, _transport: Transport) -> None:
        assert connection.cycle is None, changed("HttpToolsProtocol.cycle before a request")
        assert connection.timeout_keep_alive_task is None, changed("the timer of idle connections")
        assert connection.client == ("192.0.2.7", 40_000), changed("HttpToolsProtocol.client")
        assert not connection.flow.write_paused, changed("FlowControl.write_paused")

    with_connection(look)


def test_url_and_headers_are_gathered_by_the_parsers_callbacks() -> None:
    def look(connection: HttpToolsProtocol, _transport: Transport) -> None:
        connection.on_message_begin()
        assert (connection.url, connection.headers) == (b"", []), changed("on_message_begin")
        assert connection.scope["headers"] is connection.headers, changed(
            "on_message_begin: the scope's headers are another list than the connection's"
        )
        connection.on_url(b"/a")
        connection.on_url(b"?b=c")
        assert connection.url == b"/a?b=c", changed("on_url")
        connection.on_header(b"X-Two", b"1")
        assert connection.headers == [(b"x-two", b"1")], changed("on_header")

    with_connection(look)


def test_a_request_is_answered_and_then_the_connection_is_timed() -> None:
    async def look(connection: HttpToolsProtocol, transport: Transport) -> None:
        connection.data_received(REQUEST)
        assert connection.cycle is not None, changed("on_headers_complete: it starts no cycle")
        assert not connection.cycle.response_complete, changed("RequestResponseCycle")
        await _until(lambda: connection.cycle.response_complete)
        assert connection.cycle.response_complete, changed("RequestResponseCycle.response_complete")
        assert transport.written.startswith(b"HTTP/1.1 204 "), changed("how a request is answered")
        timer = connection.timeout_keep_alive_task
        assert timer is not None, changed("the timer of idle connections")
        connection.data_received(REQUEST[:10])
        assert timer.cancelled(), changed("data_received: it leaves the idle timer running")

    with_connection(look)


def test_what_is_no_http_comes_to_send_400_response(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(HttpToolsProtocol, "send_400_response", lambda _self, msg: told.append(msg))
    with_connection(lambda connection, _: connection.data_received(b"\x16\x03\x01\r\n\r\n"))
    assert len(told) == 1, changed("data_received: it does not call send_400_response")
