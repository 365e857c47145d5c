"""How much a verification costs: hot and cold, with few keys and many, and the memory it takes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from bench.present import present_each_once
from bench.report import Finding, Report, ratio
from bench.sites import Site
from bench.stock import read_tokens
from bench.wrk import load

HOT = {"X-Original-Method": "GET"}


@dataclass(frozen=True, slots=True)
class Stocked:
    """A database with keys, and the file with its known tokens."""

    url: str
    tokens: Path
    keys: int

    def one(self) -> str:
        """A token."""
        return next(read_tokens(self.tokens))


class Cold:
    """Presents tokens of a file, each once in the life of one gateway."""

    def __init__(self, stocked: Stocked) -> None:
        self._stocked = stocked
        self._next = 1

    def rate(self, site: Site, seconds: int) -> float:
        """Requests a second, each with a token that the site has never seen."""
        seen = load(
            site.url,
            seconds=seconds,
            script="tokens.lua",
            arguments=(str(self._stocked.tokens), str(self._next)),
        )
        if seen.refused:
            raise RuntimeError(f"{seen.refused} good tokens were refused")
        # wrk asks for some requests more than are answered.
        self._next += seen.requests + 200
        return seen.per_second


def hot_rate(site: Site, token: str, seconds: int) -> float:
    """Requests a second with one token that is remembered."""
    seen = load(site.url, seconds=seconds, headers={**HOT, "X-API-Key": token})
    if seen.refused:
        raise RuntimeError(f"{seen.refused} of a good token's requests were refused")
    return seen.per_second


def fast_path(report: Report, stocked: Stocked, rounds: int, seconds: int) -> None:
    """`/authz` out of memory, against the same server answering an empty 204."""
    with Site("gateway", stocked.url) as gateway, Site("empty") as empty:
        token = stocked.one()
        pairs = in_turns(
            rounds,
            lambda: hot_rate(gateway, token, seconds),
            lambda: hot_rate(empty, token, seconds),
        )
    ours, baseline = zip(*pairs, strict=True)
    report.add(ratio("hot verification / the same server's empty answer", ours, baseline, 0.80))


def cold(report: Report, name: str, stocked: Stocked, rounds: int, seconds: int) -> None:
    """Every token new, against a bare point read through the same driver, on the same server."""
    with Site("gateway", stocked.url) as gateway, Site("read", stocked.url) as reader:
        ours, baseline = Cold(stocked), Cold(stocked)
        pairs = in_turns(
            rounds, lambda: ours.rate(gateway, seconds), lambda: baseline.rate(reader, seconds)
        )
        from_memory = gateway.metric('apikeys_gateway_lookups_total{source="memory"}')
    mine, other = zip(*pairs, strict=True)
    what = f"cold verification / bare point read, {name}"
    report.add(ratio(what, mine, other, 0.5, answered_from_memory=from_memory))


def scale(report: Report, few: Stocked, many: Stocked, rounds: int, seconds: int) -> None:
    """The same with few keys and with many, and with few keys twice.

    Two processes of the same program on the same database differ by a tenth, by where things come
    to lie in memory, and machines change speed from second to second. So each round has processes
    of its own, short slices take turns, and the last row tells how far the measurement itself is
    from 1.
    """
    larger, again = [], []
    for number in range(rounds):
        for against_few, against_itself in _hot_round(many, few, seconds, number):
            larger.append(against_few)
            again.append(against_itself)
    counts = f"{many.keys:,} keys / {few.keys:,} keys"
    ours, baseline = zip(*larger, strict=True)
    report.add(ratio(f"{counts}, hot", ours, baseline, 0.95))
    ours, baseline = zip(*again, strict=True)
    report.add(ratio(f"{few.keys:,} keys twice, hot, to check the measurement", ours, baseline))
    # A thousand tokens are new for the blink of an eye, so each round is as long as they last.
    pairs = [(_cold_round(many, few.keys), _cold_round(few, few.keys)) for _ in range(rounds)]
    ours, baseline = zip(*pairs, strict=True)
    report.add(ratio(f"{counts}, cold", ours, baseline, 0.80))


_Pair = tuple[float, float]


def _hot_round(many: Stocked, few: Stocked, seconds: int, number: int) -> list[tuple[_Pair, _Pair]]:
    """Requests a second on the large and on the small database, on gateways just started.

    Returns:
        Pairs of many and few, and of few and few, that were measured side by side.
    """
    databases = (many, few, few)
    # Being started or measured first may be an advantage; each of them is, in turn.
    order = [0, 1, 2][number % 3 :] + [0, 1, 2][: number % 3]
    with ExitStack() as stack:
        sites = {n: stack.enter_context(Site("gateway", databases[n].url)) for n in order}
        tokens = {n: databases[n].one() for n in order}
        for n in order:
            hot_rate(sites[n], tokens[n], seconds)
        seen = []
        for measured in (order, order[::-1]):
            rates = {n: hot_rate(sites[n], tokens[n], seconds) for n in measured}
            seen.append(((rates[0], rates[1]), (rates[2], rates[1])))
    return seen


def _cold_round(stocked: Stocked, count: int) -> float:
    """Requests a second for so many new tokens, on a gateway that has just started."""
    with Site("gateway", stocked.url) as gateway:
        tokens = list(islice(read_tokens(stocked.tokens), count))
        return present_each_once(gateway.port, tokens)


def memory(report: Report, stocked: Stocked, count: int) -> None:
    """What remembered tokens take."""
    with Site("gateway", stocked.url) as gateway:
        tokens = list(islice(read_tokens(stocked.tokens), count))
        present_each_once(gateway.port, tokens[:1])
        before = gateway.resident_bytes
        present_each_once(gateway.port, tokens)
        taken = gateway.resident_bytes - before
        known = gateway.metric("apikeys_gateway_remembered_tokens")
    megabytes = taken / known * 100_000 / 1e6
    report.add(Finding("memory per 100,000 cached keys", megabytes, "MB", detail={"cached": known}))


def in_turns(
    rounds: int, ours: Callable[[], float], baseline: Callable[[], float]
) -> list[tuple[float, float]]:
    """Both in turns, after one round to warm up, the order changing from round to round."""
    ours(), baseline()
    pairs = []
    for number in range(rounds):
        if number % 2:
            other = baseline()
            pairs.append((ours(), other))
        else:
            mine = ours()
            pairs.append((mine, baseline()))
    return pairs
