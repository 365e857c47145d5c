"""When things are due: a thread that does what has to follow, once a second and when nudged."""

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

# How long one workspace's round may take while others wait, in seconds. What is left over is done
# in its next one.
_SHARE = 2.0


class WorkSource(Protocol):
    """What has to follow."""

    def run_once(self, going_on: Callable[[], bool]) -> int:
        """Do what is due now, asking before each thing; returns how many things were tried.

        Raises:
            StorageUnavailable: if the database cannot be reached; nothing is forgotten.
        """
        ...


class WorkspaceRoundRobin:
    """The background work of many workspaces, one after the other. A workspace in which something
    was just recorded goes before the others.

    Args:
        follow: makes what follows one workspace's work.
    """

    def __init__(
        self, workspaces: Workspaces, follow: Callable[[Context], Worker], clock: Clock
    ) -> None:
        self._workspaces = workspaces
        self._follow = follow
        self._clock = clock
        self._made: dict[str, tuple[Context, Worker]] = {}
        self._hurried: dict[str, None] = {}
        self._guard = threading.Lock()

    def prioritise(self, account_id: str) -> None:
        """Has this workspace go before the others."""
        with self._guard:
            self._hurried[account_id] = None

    def run_once(self, going_on: Callable[[], bool]) -> int:
        """See `WorkSource`. One workspace's trouble is not another's."""
        done, contexts = 0, {s.context.account_id: s.context for s in self._workspaces.all()}
        for context in contexts.values():
            for hurried in self._take_hurried():
                if going_on() and hurried in contexts:
                    done += self._round(self._worker_for(contexts[hurried]), going_on)
            if not going_on():
                break
            done += self._round(self._worker_for(context), going_on)
        return done

    def _take_hurried(self) -> list[str]:
        with self._guard:
            taken = list(self._hurried)
            self._hurried.clear()
        return taken

    def _worker_for(self, context: Context) -> Worker:
        known = self._made.get(context.account_id)
        if known is None or known[0] is not context:
            known = self._made[context.account_id] = (context, self._follow(context))
        return known[1]

    def _round(self, worker: Worker, going_on: Callable[[], bool]) -> int:
        end = self._clock.monotonic() + _SHARE
        try:
            return worker.run_once(lambda: going_on() and self._clock.monotonic() < end)
        except StorageUnavailable:
            raise
        except Exception:
            # Whatever is wrong in one of them, the others' tokens have to be removed in time.
            logger.exception("a round of what is due failed for %s", worker.account_id)
            return 0


class Schedule:
    """Runs what has to follow until it is stopped."""

    def __init__(
        self,
        rounds: WorkSource,
        every: float = 1.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make it ready.

        Args:
            every: seconds between two rounds.
            monotonic: by which it is known how long ago a round was.
        """
        self._rounds = rounds
        self._every = every
        self._monotonic = monotonic
        self._rounded = monotonic()
        self._due = threading.Event()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="schedule", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def wake(self) -> None:
        """Has the next round begin at once: something was done that people should know."""
        self._due.set()

    def _goes_on(self) -> bool:
        self._rounded = self._monotonic()
        return not self._ending.is_set()

    @property
    def round_age(self) -> float:
        """Seconds since a thing was begun or a round ended, well or not."""
        return self._monotonic() - self._rounded

    def stop(self) -> None:
        """End after the thing under way. Blocks."""
        self._ending.set()
        self._due.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                if self._rounds.run_once(self._goes_on):
                    continue
            except StorageUnavailable as error:
                # Nothing is lost: what is due stays in the database until it can be reached.
                logger.warning("what is due waits: %s", error)
            except Exception:
                # One notice that cannot be said must not end all later ones.
                logger.exception("a round of what is due failed")
            finally:
                self._rounded = self._monotonic()
            self._due.wait(self._every)
            # Cleared between waiting and looking: a nudge or a stop from before is heeded below.
            self._due.clear()
