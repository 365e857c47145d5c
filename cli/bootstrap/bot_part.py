"""Keep the bot running next to a gateway: what is wrong with it stops the bot alone.

If Slack cannot be reached, the bot starts as soon as it can. If Slack does not accept a token, or a
setting of the bot is wrong, the bot stops with an error in the log, and is tried again at long
intervals; the gateway keeps running in either case.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping

from bot.background.scheduler import MakeSchedule, Schedule
from bot.server.health import pages
from bot.server.metrics import Metrics
from bot.server.slack_health import not_running
from bot.slack_api.errors import RateLimited, SlackError, Unavailable
from cli.bootstrap.application import Application
from cli.bootstrap.bot import Bot, start_bot
from cli.terminal import say
from keys.base.errors import PepperError
from runtime.errors import StorageReadOnly, StorageUnavailable
from runtime.http_server import ListenError, Running, serve_in_thread
from runtime.stopping import finishes
from settings import SettingsError, SlackSettings

_log = logging.getLogger("bot")

# Seconds between two attempts: while waiting may help, and while a person has to mend something.
_FIRST_PAUSE, _LONGEST_PAUSE, _FAULTY_PAUSE = 1.0, 30.0, 600.0
_LOOK_SECONDS = 0.5
_PROBE_SECONDS = 10.0
# The socket takes up to 3 s, and a step of the background work may have begun.
_STOP_SECONDS = 10.0
_WAITABLE = (Unavailable, RateLimited, StorageUnavailable)
_FAULTS = (SlackError, SettingsError, ListenError, PepperError)


class Probe:
    """Tries now and then whether the database accepts writes.

    So people can be told since when it does not: in a quiet hour the bot writes nothing.

    Args:
        check: raises StorageUnavailable if not. Blocks.
    """

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check
        self._next = 0.0
        self._read_only = False

    def look(self) -> None:
        """Try, if it is time to; logs when it ends and begins."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _PROBE_SECONDS
        try:
            self._check()
        except StorageReadOnly as error:
            if not self._read_only:
                _log.error("%s", error)
            self._read_only = True
        except StorageUnavailable:
            # Whatever the bot does says so.
            return
        else:
            if self._read_only:
                _log.warning("the database accepts writes again")
            self._read_only = False


class BotPart:
    """The bot as a part of a program.

    Attributes:
        problem: why it does not run, in a sentence; empty if it runs.
        fault: an error that only a person can mend, if the bot is not tried again.
    """

    def __init__(
        self,
        application: Application,
        settings: SlackSettings,
        *,
        alone: bool = False,
        make_schedule: MakeSchedule | None = None,
    ) -> None:
        """Prepare to start.

        Args:
            alone: whether the program has no other part; then it ends with the bot's fault.
            make_schedule: see `start_bot`.
        """
        self._application = application
        self._settings = settings
        self._alone = alone
        self._make_schedule = make_schedule or Schedule
        self._ending = threading.Event()
        self._bot: Bot | None = None
        self._page: Running | None = None
        self._thread = threading.Thread(target=self._run, name="bot-part", daemon=True)
        self.problem = "The bot is starting."
        self.fault: Exception | None = None

    @property
    def alive(self) -> bool:
        """Whether it runs, or is tried again."""
        return self._thread.is_alive()

    def slack_health(self) -> Mapping[str, str]:
        """Return what is wrong between the bot and Slack, by part; see bot.server.slack_health."""
        bot = self._bot
        return bot.slack_health.report() if bot is not None else not_running(self.problem)

    def start(self) -> None:
        """Start it in the background. Returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Stop it; an attempt to start it is abandoned. Blocks for seconds at most."""
        self._ending.set()
        if self._thread.ident is None:
            return
        self._thread.join(_LOOK_SECONDS * 2)
        if (bot := self._bot) is not None:
            finishes(bot.stop, _STOP_SECONDS)
        self._close_page()

    def _run(self) -> None:
        pause, said, code = _FIRST_PAUSE, "", ""
        while not self._ending.is_set():
            try:
                self._serve()
            except _WAITABLE as error:
                self.problem, wait, level = str(error), pause, logging.WARNING
                code = _code(error)
                pause = min(pause * 2, _LONGEST_PAUSE)
            except _FAULTS as error:
                self.problem, wait, level = str(error), _FAULTY_PAUSE, logging.ERROR
                code = _code(error)
                if self._alone:
                    self.fault = error
                    return
            except Exception as error:  # noqa: BLE001 - a defect of the bot must not end the gateway
                if self._alone:
                    self.fault = error
                    return
                self.problem, wait, level = "The bot failed; its log says where.", pause, 0
                _log.exception("the bot failed")
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                pause, said = _FIRST_PAUSE, ""
                continue
            if level and (self.problem != said or level == logging.ERROR):
                _log.log(level, "the bot does not run: %s (%s)", self.problem, code)
                said = self.problem
            self._open_page()
            self._ending.wait(wait)

    def _serve(self) -> None:
        """Run the bot until it is stopped, or has died. Raises what ended it."""
        fault: list[Exception] = []
        self._close_page()
        bot = start_bot(
            self._application, self._settings, fault.append, make_schedule=self._make_schedule
        )
        self._bot, self.problem = bot, ""
        say(f"The bot {bot.address}", err=True)
        probe = Probe(self._application.check_writable)
        while bot.alive and not fault and not self._ending.wait(_LOOK_SECONDS):
            probe.look()
        if self._ending.is_set():
            return
        self._bot = None
        finishes(bot.stop, _STOP_SECONDS)
        if fault:
            raise fault[0]
        raise RuntimeError("the bot's connection has ended")

    def _open_page(self) -> None:
        """Answer at the bot's own address that it does not run, and why."""
        if not self._settings.bot_listen or self._page is not None:
            return
        metrics = Metrics()
        metrics.watch("running", "1 while the bot runs.", lambda: float(not self.problem))
        host, _, port = self._settings.bot_listen.rpartition(":")
        checks = {"bot": lambda: self.problem or None}
        try:
            self._page = serve_in_thread(
                pages(checks, metrics, self.slack_health),
                host.strip("[]"),
                int(port),
                setting="APIKEYS_BOT_LISTEN",
            )
        except ListenError as error:
            _log.error("%s", error)

    def _close_page(self) -> None:
        page, self._page = self._page, None
        if page is not None:
            page.stop()


def _code(error: Exception) -> str:
    return error.code if isinstance(error, SlackError) else type(error).__name__
