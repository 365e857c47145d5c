"""Two gateways behind each proxy are restarted one after the other, and no caller notices."""

from __future__ import annotations

import threading
import time
from collections import Counter
from http.client import HTTPConnection
from itertools import cycle
from pathlib import Path

import pytest

from keys.credentials.tokens import Token
from tests.proxies.street import Street, bearer, start_gateway, street

pytestmark = [pytest.mark.sockets, pytest.mark.slow]
CALLERS = 8


class Load:
    """Callers who ask without a pause, half of them with a key that is good; counts the replies."""

    def __init__(self, street: Street) -> None:
        self.wrong: Counter[str] = Counter()
        self.right = 0
        self._port = street.proxy.port
        self._ending = threading.Event()
        good = street.site.issue("Good", ("read", "write"))[1]
        lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._ask, args=(good if number % 2 else None, lock))
            for number in range(CALLERS)
        ]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, token: Token | None, lock: threading.Lock) -> None:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=20)
        headers, expected = (bearer(token), 200) if token else ({}, 401)
        for method in cycle(("GET", "POST", "DELETE")):
            if self._ending.is_set():
                break
            try:
                connection.request(method, "/a", b"{}" if method == "POST" else None, headers)
                reply = connection.getresponse()
                reply.read()
                got = str(reply.status)
            except OSError as error:
                connection.close()
                got = type(error).__name__
            with lock:
                if got == str(expected):
                    self.right += 1
                else:
                    self.wrong[got] += 1
        connection.close()


def test_a_rolling_restart_is_not_noticed(proxy_name: str, tmp_path: Path) -> None:
    with street(proxy_name, tmp_path, gateways=2) as opened, Load(opened) as load:
        site = opened.site
        time.sleep(0.5)
        for _ in range(2):
            for gateway in site.gateways[:2]:
                gateway.stop()
                time.sleep(0.3)
                site.gateways.remove(gateway)
                start_gateway(site, gateway.port)
                time.sleep(0.3)
    assert load.wrong == {}
    assert load.right > 200


def test_one_gateway_of_two_is_enough(proxy_name: str, tmp_path: Path) -> None:
    with street(proxy_name, tmp_path, gateways=2) as opened:
        opened.site.gateways.pop(0).stop()
        with Load(opened) as load:
            time.sleep(1)
    assert load.wrong == {}
    assert load.right > 100
