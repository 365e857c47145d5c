"""The tour: a key's whole life in Slack and at the API, played and checked step by step.

Every line of the transcript was really sent or seen. Each step checks what it sees, and a failed
check ends the tour.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing

import httpx

from cli.demo.api_client import LoadLoop, Program
from cli.demo.environment import DemoEnvironment, Stopped
from cli.demo.errors import DemoError
from cli.demo.fixtures import TEAM
from cli.demo.tour_user import TourUser
from cli.demo.tour_year import Year
from cli.demo.transcript import Transcript, shortened
from keys.credentials.tokens import NotAToken, parse
from sandbox.base.errors import SandboxError

_MAIN, _RENAMED = "Zapier, production", "Zapier, invoices"
_READER = "Dashboard, front desk"
_READ, _WRITE = "read existing data", "add new records"
_REFUSALS_AFTER = 50
# A killed process takes a moment to end.
_DYING_SECONDS = 1


Steps = tuple[tuple[str, Callable[[], None]], ...]


class Tour:
    """The steps; each starts where the last one ended."""

    def __init__(self, world: DemoEnvironment, transcript: Transcript, timeout: float) -> None:
        self._world, self._transcript = world, transcript
        self._alice, self._bob, self._carol = (
            TourUser(world.slack, handle, TEAM, transcript, timeout)
            for handle in ("alice", "bob", "carol")
        )
        self._tokens: dict[str, str] = {}
        self._programs: dict[str, Program] = {}
        self._year = Year(world, self._alice, transcript, self._make_until, _READER)

    @property
    def parts(self) -> tuple[tuple[str, Steps], ...]:
        """Each part's title, and its steps."""
        return ("A key's day", self.steps), ("A key's year", self._year.steps)

    @property
    def steps(self) -> Steps:
        """Each step's title, and what plays it, in the first part."""
        return (
            ("Alice, an admin, creates a key that may read and add", self.make),
            ("A program uses it", self.use),
            ("A key that may only read cannot add", self.use_reading_key),
            ("Alice has stored the token, and it is removed from the message", self.store),
            ("Alice looks at the list", self.look),
            ("Alice renames the key, and its token keeps working", self.rename),
            ("Carol, who is not an admin, is refused", self.refuse),
            ("Alice revokes the key while its program is running", self.revoke),
            ("The team is told", self.tell),
            ("The program's next request is refused", self.use_revoked_key),
            ("The other key keeps working", self.use_other_key),
            ("The history shows what was done to the key", self.history),
            ("No token is left behind", self.look_for_tokens),
        )

    def close(self) -> None:
        """Close the programs' connections."""
        for program in self._programs.values():
            program.close()

    def make(self) -> None:
        """Create the key that the tour is about."""
        self._make(_MAIN, [_READ, _WRITE])

    def use(self) -> None:
        """Read and add documents with the key."""
        program = self._programs[_MAIN]
        _holds("Opening hours", _expect(program.reads(), 200).text)
        _expect(program.adds(title="Invoice 1001", expires_in=3600), 201)
        _holds("Invoice 1001", _expect(program.reads(), 200).text)

    def use_reading_key(self) -> None:
        """Create a second key, which may not add."""
        self._make(_READER, [_READ])
        _expect(self._programs[_READER].adds(title="Invoice 1002"), 403)
        _holds_not("Invoice 1002", self._reads_on(_READER))

    def store(self) -> None:
        """Press "I've stored it"."""
        self._alice.presses("I've stored it")
        _holds(_READER, self._alice.sees("was removed from this message"))
        self._alice.sees_nowhere(self._tokens[_READER])

    def look(self) -> None:
        """List the keys."""
        self._alice.types("/apikeys list")
        text = self._alice.sees("API keys")
        for name in (_MAIN, _READER):
            _holds(name, text)
            _holds(parse(self._tokens[name]).hint, text)

    def rename(self) -> None:
        """Rename, and use the same token."""
        self._alice.types("/apikeys rename Zapier")
        self._alice.fills_in("Rename", name=_RENAMED)
        _holds(_RENAMED, self._alice.sees("is now"))
        self._alice.closes()
        self._reads_on(_MAIN)

    def refuse(self) -> None:
        """Try to revoke as a user who is not an admin."""
        self._carol.types("/apikeys revoke Zapier")
        _holds("alice", self._carol.sees("You can ask").lower())
        self._reads_on(_MAIN)

    def revoke(self) -> None:
        """Revoke, and measure how long it takes until a request is refused."""
        self._alice.types(f"/apikeys revoke {_RENAMED}")
        self._alice.sees("Are you sure you want to revoke this API key?")
        if not self._alice.is_red("Revoke"):
            raise AssertionError("the button [Revoke] is not red")
        with LoadLoop(self._world.documents, self._tokens[_MAIN]) as busy:
            busy.wait_for(200)
            pressed = time.monotonic()
            self._alice.presses("Revoke")
            busy.wait_for(401, _REFUSALS_AFTER)
        self._alice.sees("is refused from now on")
        self._tell_of(busy, pressed)

    def tell(self) -> None:
        """Read the announcement as another admin."""
        text = self._bob.sees("revoked the key")
        _holds(_RENAMED, text)
        _holds("Alice", text)

    def use_revoked_key(self) -> None:
        """Use the revoked key again."""
        _expect(self._programs[_MAIN].reads(), 401)
        _expect(self._programs[_MAIN].adds(title="Invoice 1003"), 401)

    def use_other_key(self) -> None:
        """Use the other key, which still works."""
        _holds_not("Invoice 1003", self._reads_on(_READER))

    def history(self) -> None:
        """Show the key's history."""
        self._alice.types(f"/apikeys show {_RENAMED}")
        text = self._alice.sees("History")
        for done in ("created it", "activated it", "renamed it", "revoked it"):
            _holds(done, text)

    def look_for_tokens(self) -> None:
        """Search each file that the bot, the gateway and the API have written."""
        files = [path for path in self._world.folder.path.rglob("*") if path.is_file()]
        for path in files:
            content = path.read_bytes()
            for token in self._tokens.values():
                if parse(token).secret.encode() in content:
                    raise AssertionError(f"{path.name} holds a token")
        self._transcript.narrate(
            f"The {len(files)} files that the practice Slack, the bot, the gateway and the API "
            f"keep were searched for the secrets of {len(self._tokens)} tokens. None was found."
        )

    def _reads_on(self, name: str) -> str:
        return _expect(self._programs[name].reads(in_brief=True), 200).text

    def _make_until(self, name: str, last_day: str) -> Program:
        self._make(name, [_READ], expires=last_day)
        return self._programs[name]

    def _make(self, name: str, scopes: list[str], **more: str) -> None:
        self._alice.types("/apikeys new")
        self._alice.fills_in("Create key", name=name, scopes=scopes, **more)
        self._alice.sees("works now")
        self._alice.closes()
        _holds(name, self._alice.sees("This is the token of"))
        token = self._alice.token()
        try:
            parse(token)
        except NotAToken as error:
            raise AssertionError(f"the direct message carries no token: {error}") from error
        self._tokens[name] = token
        self._programs[name] = Program(f"“{name}”", self._world.documents, token, self._transcript)

    def _tell_of(self, busy: LoadLoop, pressed: float) -> None:
        responses = busy.responses
        statuses = [each.status for each in responses]
        first = statuses.index(401)
        if set(statuses[:first]) != {200} or set(statuses[first:]) != {401}:
            raise AssertionError(f"the answers were not 200 and then 401: {statuses}")
        came = (responses[first].answered - pressed) * 1000
        self._transcript.narrate(
            f"Meanwhile the program sent {len(statuses)} requests, each as soon as it had an "
            f"answer: {first} answers 200, then {len(statuses) - first} answers 401. The first 401 "
            f"came {came:.0f} ms after the press."
        )


def play(
    world: DemoEnvironment, transcript: Transcript, stop: threading.Event, *, timeout: float = 15
) -> int:
    """Play all steps, and return how many there were.

    Args:
        world: its clock stands at `STARTS`, or the second part sees nothing.
        stop: ends the tour before its next step.
        timeout: how many seconds a user waits for what they should see.

    Raises:
        DemoError: names the first step that failed, and why.
        Stopped: if `stop` was set between two steps.
    """
    with closing(Tour(world, transcript, timeout)) as tour:
        return _walk(tour, world, transcript, stop)


def _walk(tour: Tour, world: DemoEnvironment, transcript: Transcript, stop: threading.Event) -> int:
    parts = tour.parts
    for part, steps in parts:
        transcript.part(part)
        for title, step in steps:
            if stop.is_set():
                raise Stopped
            transcript.step(title)
            _play(title, step, world)
    return sum(len(steps) for _, steps in parts)


def _play(title: str, step: Callable[[], None], world: DemoEnvironment) -> None:
    try:
        step()
    except (AssertionError, SandboxError, httpx.HTTPError) as error:
        why = str(error) or type(error).__name__
        if world.child.ends_within(_DYING_SECONDS):
            why = f"{world.child.died()} ({why})"
        # The reason may quote a screen that shows a token.
        why = shortened(why)
        raise DemoError(f"The step “{title}” failed: {why}") from error


def _expect(answer: httpx.Response, status: int) -> httpx.Response:
    if answer.status_code != status:
        raise AssertionError(f"the answer was {answer.status_code} instead of {status}")
    return answer


def _holds(expected: str, text: str) -> None:
    if expected not in text:
        raise AssertionError(f"“{expected}” is missing in: {text}")


def _holds_not(expected: str, text: str) -> None:
    if expected in text:
        raise AssertionError(f"“{expected}” should not be in: {text}")
