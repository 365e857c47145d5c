"""The demo and its tour: started as people start them, disturbed, and stopped."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from cli.demo.environment import DemoEnvironment, Ports, opened
from cli.demo.errors import DemoError
from cli.demo.ports import HOST, reserved_port
from cli.demo.state_dir import Folder
from cli.demo.tour import play
from cli.demo.transcript import Transcript, shortened
from keys.credentials.tokens import make, pattern

pytestmark = pytest.mark.sockets

COMMAND = (sys.executable, "-m", "cli", "demo")
TOKEN = re.compile(pattern("ak"))
SECONDS = 60


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A shell whose settings belong to another installation, and would stop the demo's bot."""
    (tmp_path / ".env").write_text("APIKEYS_TOKEN_PREFIX=No Good\nDATABASE_URL=mysql://x\n")
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "SLACK_BOT_TOKEN": "nonsense"}


@contextmanager
def started(
    folder: Path, environment: dict[str, str], *options: str
) -> Iterator[subprocess.Popen[str]]:
    """The command at work in a folder; whatever happens, it does not stay behind."""
    process = subprocess.Popen(
        [*COMMAND, *options],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=SECONDS)


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """What it has printed once a line has these words."""
    assert process.stdout is not None
    printed = ""
    for line in process.stdout:
        printed += line
        if words in line:
            return printed
    raise AssertionError(f"{words!r} never came:\n{printed}{process.communicate()[1]}")


def bot_of(process: subprocess.Popen[str]) -> int:
    """The process id of its `apikeys run`."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(children) == 1
    assert "run" in Path(f"/proc/{children[0]}/cmdline").read_text().split("\0")
    return int(children[0])


def gone(pid: int) -> bool:
    """Whether a process has ended, even if nobody has asked for its status yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + SECONDS
    while not gone(pid):
        assert time.monotonic() < deadline, f"{pid} goes on"
        time.sleep(0.02)


@contextmanager
def world(folder: Path, date: datetime | None = None) -> Iterator[DemoEnvironment]:
    """The demo's parts, without the command around them."""
    kept = Folder(folder / "demo")
    with (
        kept.locked(),
        opened(kept, Ports(), threading.Event(), page=False, say=print, date=date) as made,
    ):
        yield made


def test_each_step_of_the_tour_comes_out_right(tmp_path: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [*COMMAND, "--tour"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=4 * SECONDS,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"The first 401 came \d+ ms after the press", " ".join(done.stdout.split()))
    assert "All 21 steps passed." in done.stdout
    # A year went by on the demo's clock, whatever the day is.
    assert "The clock is moved to Friday, January 15." in done.stdout
    assert TOKEN.search(done.stdout) is None
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


def test_a_tour_whose_bot_is_killed_names_the_step(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    with started(tmp_path, environment, "--tour") as process:
        read_until(process, "201 Created")
        os.kill(bot_of(process), signal.SIGKILL)
        printed, complaint = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert re.search(r"The step “.+” failed: .*ended by SIGKILL", complaint)
    assert "Traceback" not in complaint
    assert "steps passed" not in printed


def test_a_tour_with_the_wrong_role_names_the_step(tmp_path: Path) -> None:
    printed: list[str] = []
    with world(tmp_path) as made:

        def write(line: str) -> None:
            printed.append(line)
            if line.endswith("Alice looks at the list"):
                made.slack.change_role("alice", "member")

        with pytest.raises(
            DemoError, match="“Alice renames the key, and its token keeps working”"
        ) as failed:
            play(made, Transcript(write), threading.Event(), timeout=5)
    assert "Your API keys" in str(failed.value)
    assert "This is the token of" in str(failed.value)
    assert TOKEN.search(str(failed.value) + "".join(printed)) is None


def test_the_demo_runs_and_stops(tmp_path: Path, environment: dict[str, str]) -> None:
    with started(tmp_path, environment, "--port", "0", "--date", "2026-01-15") as process:
        guide = read_until(process, "Stop with Ctrl-C")
        page, documents = re.findall(rf"http://{HOST}:\d+/\S*", guide)
        assert page.endswith("/?in=api-keys")
        assert "Thu, Jan 15, 2026" in httpx.get(page).text
        assert "Practice Slack" in httpx.get(page).text
        assert httpx.get(documents).status_code == 401
        again = subprocess.run(
            [*COMMAND, "--reset"], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert (again.returncode, f"(process {process.pid})" in again.stderr) == (1, True)
        bot = bot_of(process)
        process.send_signal(signal.SIGINT)
        printed, complaint = process.communicate(timeout=SECONDS)
    assert (process.returncode, complaint) == (0, "")
    assert "Everything is kept in .apikeys-demo" in printed
    assert gone(bot)


def test_keys_and_messages_are_as_they_were_at_the_next_start(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        alice = made.slack.person("alice").goes_to("#api-keys")
        alice.types("/apikeys new").sees("Create key", within=SECONDS)
        alice.fills(name="Zapier, production").submits().sees("works now", within=SECONDS)
        token = alice.dm.token()
        alice.sees("created the key", within=SECONDS)
    secret = token.split("_")[2].encode()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"practice-slack.json", "apikeys.db", "bot.log"}
    assert [path for path in files if secret in path.read_bytes()] == []

    with world(tmp_path) as made:
        alice = made.slack.person("alice").goes_to("#api-keys")
        alice.sees("created the key").sees("This is the token of Zapier, production")
        headers = {"Authorization": f"Bearer {token}"}
        assert httpx.get(made.documents, headers=headers).status_code == 200
        alice.presses("I've stored it")
        alice.sees("was removed from this message", within=SECONDS)
        alice.types("/apikeys list").sees("1 key", within=SECONDS)
        people = [account.name for account in made.slack.workspace.people()]
        assert people == ["alice", "bob", "carol", "gary", "olga"]


def test_the_whole_demo_follows_the_clock_and_keeps_it(tmp_path: Path) -> None:
    with world(tmp_path, datetime(2026, 1, 15, 9, tzinfo=UTC)) as made:
        alice = made.slack.person("alice").goes_to("#api-keys")
        alice.types("/apikeys new").sees("Create key", within=SECONDS)
        alice.fills(name="Zapier", expires="2026-01-16").submits()
        alice.sees("works now", within=SECONDS)
        headers = {"Authorization": f"Bearer {alice.dm.token()}"}
        assert httpx.get(made.documents, headers=headers).status_code == 200
        made.time_machine.leap(made.time_machine.leaps[0])
        assert httpx.get(made.documents, headers=headers).status_code == 200
        made.time_machine.leap(made.time_machine.leaps[0])
        assert httpx.get(made.documents, headers=headers).status_code == 401
        alice.sees("Its token is refused", within=SECONDS)
        to_audit = made.time_machine.leaps[-1].target(made.slack.workspace.clock.now())
        assert to_audit == datetime(2026, 4, 6, 9, tzinfo=UTC).timestamp()
    with (
        pytest.raises(DemoError, match="In this demo it is 2026-01-17"),
        world(tmp_path, datetime(2026, 1, 16, 9, tzinfo=UTC)),
    ):
        pass
    # At a later date, what was due until then has happened, in order.
    with world(tmp_path, datetime(2026, 1, 20, 9, tzinfo=UTC)) as made:
        assert f"{datetime.fromtimestamp(made.slack.workspace.clock.now(), UTC):%m-%d}" == "01-20"


def test_a_damaged_folder_is_said(tmp_path: Path, environment: dict[str, str]) -> None:
    kept = tmp_path / ".apikeys-demo" / "slack" / "practice-slack.json"
    kept.parent.mkdir(parents=True)
    kept.write_text("{")
    done = subprocess.run(
        COMMAND, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=SECONDS
    )
    assert done.returncode == 1
    assert done.stderr.startswith("apikeys: ")
    assert "make demo-reset" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_demo_whose_bot_dies_says_why(tmp_path: Path, environment: dict[str, str]) -> None:
    with started(tmp_path, environment, "--port", "0") as process:
        read_until(process, "Stop with Ctrl-C")
        os.kill(bot_of(process), signal.SIGKILL)
        complaint = process.communicate(timeout=SECONDS)[1]
    assert process.returncode == 1
    assert complaint.startswith("apikeys: The bot's process ended by SIGKILL.")
    assert len(complaint.splitlines()) == 1


def test_a_demo_that_is_killed_leaves_no_bot_behind(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    with started(tmp_path, environment, "--port", "0") as process:
        read_until(process, "Stop with Ctrl-C")
        bot = bot_of(process)
        process.kill()
        wait_until_gone(bot)


def test_a_port_that_was_asked_for_and_is_taken(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    with reserved_port() as port, started(tmp_path, environment, "--port", str(port)) as first:
        read_until(first, "Stop with Ctrl-C")
        (tmp_path / "other").mkdir()
        second = subprocess.run(
            [*COMMAND, "--port", str(port)],
            cwd=tmp_path / "other",
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        assert second.returncode == 1
        assert f"Another program listens on port {port}." in second.stderr
        first.send_signal(signal.SIGTERM)
        assert first.wait(SECONDS) == 0


def test_a_port_that_was_not_asked_for_is_another_one() -> None:
    with reserved_port() as port:
        with reserved_port(port) as same, reserved_port(port) as not_twice:
            assert same == port
            assert not_twice != port
        with socket.create_server((HOST, port)), reserved_port(port) as other:
            assert other != port


def test_the_folder_is_emptied(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "kept")
    folder.empty()
    with folder.locked():
        folder.keys.mkdir()
        with pytest.raises(DemoError, match=f"process {os.getpid()}"):
            folder.empty()
    folder.empty()
    assert not folder.path.exists()


def test_transcripts_show_hints_only() -> None:
    token = make("ak")
    text = f"«{token.reveal()}» and {token.reveal()[:-3]}"
    assert token.hint in shortened(text)
    assert token.secret not in shortened(text)
