"""One instance of a fleet: who it is, and its life as a row of server processes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from tests.oracle.world import (
    CLIENTS,
    DAY,
    HOUR,
    K8S_MINORS,
    KINDS,
    METHODS,
    PROVIDERS,
    TOOL_WEIGHTS,
    Client,
    pick,
    releases,
)


@dataclass(frozen=True)
class Process:
    """One run of the server, in epoch seconds; `killed` ones say no farewell. `sessions` are its clients' starts."""

    start: int
    stop: int
    killed: bool
    version: str | None
    bad: bool
    provider: str | None
    k8s_version: str | None
    sessions: tuple[int, ...]


@dataclass
class Instance:
    """Who an instance is. `rng` is its own, so that it lives the same life in a fleet of any size.

    `typescript` ones speak as the TypeScript server does: exact durations, more properties than the promise has, no
    transport. `bare` ones don't say their version, their provider or whether they are internal. `skew` is how far
    their clock is ahead (s).
    """

    rng: Random
    id: str
    kind: str
    born: int
    gone: int
    internal: bool
    typescript: bool
    bare: bool
    skew: int
    method: str
    provider: str
    clients: tuple[Client, ...]
    tools: tuple[float, ...]
    rate: float
    lag: float
    minor: int
    patch: int = field(default=0)


def born(seed: int, number: int, start: int, end: int) -> Instance:
    """Instance `number` of a fleet that is looked at from `start` to `end`."""
    rng = Random(f"footfall/{seed}/{number}")
    kind = pick(rng, KINDS)
    # Half of the lasting ones are older than what is looked at; the others join as time goes by.
    first = start - 20 * DAY if kind != "ephemeral" and rng.random() < 0.5 else start
    begin = int(rng.uniform(first, start if first < start else end))
    days = 0.0 if kind == "ephemeral" else 1.0 if rng.random() < 0.2 else rng.expovariate(1 / 55)
    return Instance(
        rng=rng,
        id=f"{kind}_{rng.getrandbits(64):016x}",
        kind=kind,
        born=begin,
        gone=begin + int(days * DAY) + (rng.randrange(60, 1200) if kind == "ephemeral" else 0),
        internal=rng.random() < (0.7 if kind == "ephemeral" else 0.06),
        typescript=rng.random() < 0.3,
        bare=rng.random() < 0.02,
        skew=rng.choice((-5 * HOUR, -90, 400, 3 * DAY)) if rng.random() < 0.05 else 0,
        method=pick(rng, METHODS[kind]),
        provider=pick(rng, PROVIDERS),
        clients=_clients(rng),
        tools=tuple(weight * rng.lognormvariate(0, 0.5) for weight in TOOL_WEIGHTS),
        rate=min(60.0, rng.lognormvariate(1.2, 0.8)),
        lag=rng.choice((0.0, 1.0, 1.0, 4.0, 4.0, 15.0, 400.0)) * rng.random() * DAY,
        minor=rng.randrange(len(K8S_MINORS) - 1),
        patch=rng.randrange(12),
    )


def _clients(rng: Random) -> tuple[Client, ...]:
    found = rng.choices(CLIENTS, [client.share for client in CLIENTS], k=rng.choice((1, 1, 1, 2, 2, 3)))
    return tuple(dict.fromkeys(found))


def processes(one: Instance, start: int, end: int) -> Iterator[Process]:
    """Its server processes from birth to `end`, those before `start` included where they may reach into it."""
    until = min(one.gone, end)
    if one.kind == "ephemeral":
        yield _process(one, one.born, one.gone, start, 1)
    elif one.kind == "cluster":
        begin = one.born
        while begin < until:
            # A server in a cluster runs until its next release, a crash or a node's end.
            stop = min(begin + int(one.rng.expovariate(1 / (6 * DAY))) + 30, until)
            days = max(1.0, (stop - begin) / DAY)
            yield _process(one, begin, stop, start, one.rng.randint(1, 3) * max(1, round(days * 0.8)))
            begin = stop + one.rng.randrange(2, 40)
    else:
        for day in range(one.born // DAY, until // DAY + 1):
            weekend = (day + 3) % 7 >= 5
            for _ in range(one.rng.choice((0, 0, 0, 1) if weekend else (0, 1, 1, 2, 3))):
                begin = day * DAY + int(one.rng.triangular(6 * HOUR, 23 * HOUR, 13 * HOUR))
                stop = begin + int(one.rng.lognormvariate(6.5, 1.5)) + 1
                if one.born <= begin and stop <= until:
                    yield _process(one, begin, stop, start, 1)


def _process(one: Instance, begin: int, stop: int, start: int, sessions: int) -> Process:
    version, bad = _release(begin - one.lag, start)
    if one.rng.random() < 0.004:
        one.provider = pick(one.rng, PROVIDERS)
    if one.rng.random() < 0.05:
        one.minor, one.patch = min(one.minor + 1, len(K8S_MINORS) - 1), 0
    return Process(
        start=begin,
        stop=stop,
        killed=one.rng.random() < 0.12,
        version=None if one.bare else version,
        bad=bad,
        provider=None if one.bare else one.provider,
        k8s_version=f"{K8S_MINORS[one.minor]}.{one.patch}" if one.kind == "cluster" else None,
        sessions=tuple(sorted(int(one.rng.uniform(begin, stop)) for _ in range(sessions))),
    )


def _release(moment: float, start: int) -> tuple[str, bool]:
    """The release that was newest at a moment; the first two were there when the looking began."""
    later = releases()
    found = next(later)
    superseded = start + (found[1] - 20) * DAY
    while moment >= superseded:
        found = next(later)
        superseded += found[1] * DAY
    return found[0], found[2]
