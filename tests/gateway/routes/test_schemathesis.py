"""Whatever a program sends that the OpenAPI document describes, or just does not, is answered."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

from tests.gateway.site import Site

pytestmark = pytest.mark.sockets

# Two things that Schemathesis takes for faults are meant: a good key in X-API-Key lets a request in
# whatever other scheme Authorization carries, since programs behind a proxy with a password of its
# own send both; and /authz answers every method there is, since a proxy may pass its caller's on.
_LEFT_OUT = "ignored_auth,unsupported_method"


@pytest.mark.parametrize("with_key", [True, False], ids=["with a key", "without"])
@pytest.mark.timeout(300)
def test_every_answer_to_generated_requests_is_as_documented(
    tmp_path: Path, with_key: bool
) -> None:
    site = Site(f"sqlite:///{tmp_path / 'keys.db'}")
    try:
        site.open(1)
        _, token = site.issue("Generated requests", ("read", "write"))
        document = resources.files("gateway").joinpath("openapi.json")
        key = [f"--header=X-API-Key: {token.reveal()}"] if with_key else []
        done = subprocess.run(
            [
                str(Path(sys.executable).with_name("st")),
                "--no-color",
                "run",
                str(document),
                f"--url=http://127.0.0.1:{site.gateways[0].port}",
                "--checks=all",
                f"--exclude-checks={_LEFT_OUT}",
                "--seed=1",
                "--max-examples=25",
                "--request-timeout=10",
                "--generation-database=none",
                "--warnings=off",
                *key,
            ],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        site.close()
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"(\d{3,}) generated, \1 passed", done.stdout), done.stdout
