"""nginx with one worker that looks at nothing and answers an empty 204: about as much as the load
generator and the machine carry, no matter which server answers."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

from bench.peers.environments import PeerMissing
from tests.e2e.harness.program import free_port

_STARTED_SECONDS = 10
_CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 256; }}
http {{
    access_log off; keepalive_requests 1000000000;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    server {{ listen 127.0.0.1:{port}; location / {{ return 204; }} }}
}}
"""


class Nginx:
    """The process. Raises PeerMissing where there is no nginx."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if program is None:
            raise PeerMissing("nginx is missing; on Debian: apt-get install nginx-light")
        folder.mkdir(exist_ok=True)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/authz"
        configuration = folder / "nginx.conf"
        configuration.write_text(_CONFIGURATION.format(folder=folder, port=port), encoding="ascii")
        self._process = subprocess.Popen(  # noqa: S603 - our own arguments
            [program, "-c", str(configuration), "-e", str(folder / "nginx.log")],
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + _STARTED_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise PeerMissing("nginx did not start")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
