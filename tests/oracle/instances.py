"""One instance of a fleet, and its life as a sequence of server processes."""

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
    """One run of the server. Times in epoch seconds; `sessions` are their starts. A `killed` one sends no end event."""

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
    """An instance. It has its own `rng`, so that it lives the same life in a fleet of any size.

    A `typescript` instance sends what the TypeScript server sends: exact durations, more properties than the promise
    has, no transport. A `bare` instance sends no version, provider or internal flag. `skew` is the seconds that its
    clock is ahead.
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


def make_instance(seed: int, number: int, start: int, end: int) -> Instance:
    """Instance `number` of a fleet from `start` to `end`."""
    rng = Random(f"footfall/{seed}/{number}")
    kind = pick(rng, KINDS)
    # Half of the lasting instances are older than the fleet's start; the others join later.
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
    clients = rng.choices(CLIENTS, [client.share for client in CLIENTS], k=rng.choice((1, 1, 1, 2, 2, 3)))
    return tuple(dict.fromkeys(clients))


def processes(instance: Instance, start: int, end: int) -> Iterator[Process]:
    """An instance's server processes from its birth to `end`."""
    until = min(instance.gone, end)
    if instance.kind == "ephemeral":
        yield _process(instance, instance.born, instance.gone, start, 1)
    elif instance.kind == "cluster":
        begin = instance.born
        while begin < until:
            # A server in a cluster runs until its next release, a crash or a node's end.
            stop = min(begin + int(instance.rng.expovariate(1 / (6 * DAY))) + 30, until)
            days = max(1.0, (stop - begin) / DAY)
            yield _process(instance, begin, stop, start, instance.rng.randint(1, 3) * max(1, round(days * 0.8)))
            begin = stop + instance.rng.randrange(2, 40)
    else:
        for day in range(instance.born // DAY, until // DAY + 1):
            weekend = (day + 3) % 7 >= 5
            for _ in range(instance.rng.choice((0, 0, 0, 1) if weekend else (0, 1, 1, 2, 3))):
                begin = day * DAY + int(instance.rng.triangular(6 * HOUR, 23 * HOUR, 13 * HOUR))
                stop = begin + int(instance.rng.lognormvariate(6.5, 1.5)) + 1
                if instance.born <= begin and stop <= until:
                    yield _process(instance, begin, stop, start, 1)


def _process(instance: Instance, begin: int, stop: int, start: int, sessions: int) -> Process:
    version, bad = _release(begin - instance.lag, start)
    if instance.rng.random() < 0.004:
        instance.provider = pick(instance.rng, PROVIDERS)
    if instance.rng.random() < 0.05:
        instance.minor, instance.patch = min(instance.minor + 1, len(K8S_MINORS) - 1), 0
    return Process(
        start=begin,
        stop=stop,
        killed=instance.rng.random() < 0.12,
        version=None if instance.bare else version,
        bad=bad,
        provider=None if instance.bare else instance.provider,
        k8s_version=f"{K8S_MINORS[instance.minor]}.{instance.patch}" if instance.kind == "cluster" else None,
        sessions=tuple(sorted(int(instance.rng.uniform(begin, stop)) for _ in range(sessions))),
    )


def _release(moment: float, start: int) -> tuple[str, bool]:
    """(version, whether it is bad) of the newest release at a moment; the first two are older than `start`."""
    later = releases()
    release = next(later)
    superseded = start + (release[1] - 20) * DAY
    while moment >= superseded:
        release = next(later)
        superseded += release[1] * DAY
    return release[0], release[2]
