"""Run the background work in a thread, once a second and whenever it is woken."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from bot.background.worker import Worker
from bot.framework.context import Context
from bot.installation.workspaces import Workspaces
from keys.base.errors import StorageUnavailable
from runtime.clock import Clock

logger = logging.getLogger("bot")

# How long one workspace's round may take while others wait, in seconds. The rest is done in its
# next round.
_SHARE = 2.0


class WorkSource(Protocol):
    """A source of background work."""

    def run_once(self, keep_going: Callable[[], bool]) -> int:
        """Do what is due now, asking before each step; returns how many steps were tried.

        Raises:
            StorageUnavailable: if the database cannot be reached; nothing is lost.
        """
        ...


class WorkspaceRoundRobin:
    """The background work of many workspaces, one after the other.

    A workspace in which something was just recorded comes first.

    Args:
        make_worker: returns the worker of a workspace.
    """

    def __init__(
        self, workspaces: Workspaces, make_worker: Callable[[Context], Worker], clock: Clock
    ) -> None:
        self._workspaces = workspaces
        self._make_worker = make_worker
        self._clock = clock
        self._workers: dict[str, tuple[Context, Worker]] = {}
        self._prioritised: dict[str, None] = {}
        self._guard = threading.Lock()

    def prioritise(self, account_id: str) -> None:
        """Serve this workspace before the others."""
        with self._guard:
            self._prioritised[account_id] = None

    def run_once(self, keep_going: Callable[[], bool]) -> int:
        """See `WorkSource`. A failure in one workspace does not affect the others."""
        done, contexts = 0, {bot.context.account_id: bot.context for bot in self._workspaces.all()}
        for context in contexts.values():
            for account_id in self._take_prioritised():
                if keep_going() and account_id in contexts:
                    done += self._round(self._worker_for(contexts[account_id]), keep_going)
            if not keep_going():
                break
            done += self._round(self._worker_for(context), keep_going)
        return done

    def _take_prioritised(self) -> list[str]:
        with self._guard:
            taken = list(self._prioritised)
            self._prioritised.clear()
        return taken

    def _worker_for(self, context: Context) -> Worker:
        known = self._workers.get(context.account_id)
        if known is None or known[0] is not context:
            known = self._workers[context.account_id] = (context, self._make_worker(context))
        return known[1]

    def _round(self, worker: Worker, keep_going: Callable[[], bool]) -> int:
        end = self._clock.monotonic() + _SHARE
        try:
            return worker.run_once(lambda: keep_going() and self._clock.monotonic() < end)
        except StorageUnavailable:
            raise
        except Exception:
            # Whatever is wrong in one workspace, the others' tokens have to be removed in time.
            logger.exception("the background work of %s failed", worker.account_id)
            return 0


class Schedule:
    """A thread that runs background work until it is stopped."""

    def __init__(
        self,
        source: WorkSource,
        every: float = 1.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare the thread without starting it.

        Args:
            every: seconds between two rounds.
            monotonic: the clock that measures `round_age`.
        """
        self._source = source
        self._every = every
        self._monotonic = monotonic
        self._last_progress = monotonic()
        self._due = threading.Event()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="schedule", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Start the next round now."""
        self._due.set()

    def _keep_going(self) -> bool:
        self._last_progress = self._monotonic()
        return not self._ending.is_set()

    @property
    def round_age(self) -> float:
        """Seconds since the last step started or the last round ended."""
        return self._monotonic() - self._last_progress

    def stop(self) -> None:
        """Stop after the current step. Blocks."""
        self._ending.set()
        self._due.set()
        self._thread.join()

    def _run(self) -> None:
        waits_for = ""
        while not self._ending.is_set():
            try:
                done = self._source.run_once(self._keep_going)
                waits_for = ""
                if done:
                    continue
            except StorageUnavailable as error:
                # Nothing is lost: what is due stays in the database until it can be reached.
                if str(error) != waits_for:
                    logger.warning("the background work waits for the database: %s", error)
                waits_for = str(error)
            except Exception:
                # One failing step must not end the thread.
                logger.exception("the background work failed")
            finally:
                self._last_progress = self._monotonic()
            self._due.wait(self._every)
            # Cleared after waiting and before the next round, so no wake-up and no stop is missed.
            self._due.clear()


MakeSchedule = Callable[[WorkSource], Schedule]
"""Returns the thread that runs background work."""
