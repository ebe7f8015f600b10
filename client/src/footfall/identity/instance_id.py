"""The instance ID: of the cluster where its UID is known, else a random one that the state directory keeps.

`identity.json` in the state directory is `{"id": "local_…", "created": epoch seconds, "boot": …, "zero": …}`, the last
two being those of the maker's clock. It is made once, whole, by whichever process comes first; all others take what
they find.
"""

import contextlib
import os
import re
import tempfile
import time
from collections.abc import Iterator

import msgspec

from ..runtime import Timer, read_json, shift
from .kubernetes import ClusterFacts

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has none; making the file is safe without it
    fcntl = None  # type: ignore[assignment] # the module is optional

FILE = "identity.json"

_LOCAL = re.compile(r"local_[0-9a-f]{16}")
_LATEST = 1 << 53
_LOCK_TRIES = 25
_LOCK_PAUSE = 0.02

# Its IDs are those of the TypeScript server, so that a cluster which runs both counts once.
_PLAIN_HASH = "dot-ai"


class Identity(msgspec.Struct, frozen=True):
    """Attributes: `id` as sent; `kind` is cluster, local or ephemeral; `how` says in words how it was made."""

    id: str
    kind: str
    how: str


class _Kept(msgspec.Struct, frozen=True):
    id: str
    created: int
    boot: str = ""
    zero: float = 0.0


def cluster_id(product_name: str, uid: str) -> str:
    """`cluster_` and 16 hex digits of a SHA-256 of the UID of the namespace `kube-system`.

    Every product but dot-ai hashes its own name in front, so that the IDs of two products can't be joined.
    """
    import hashlib

    folded = uid.lower()
    text = folded if product_name == _PLAIN_HASH else f"{product_name}/instance-id/v1\0{folded}"
    return f"cluster_{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def ephemeral_identity(how: str = "random, for this process only") -> Identity:
    """A fresh random ID for where nothing lasts; left out of instance counts."""
    return Identity(f"ephemeral_{os.urandom(8).hex()}", "ephemeral", how)


def local_identity(state_dir: str, clock: Timer) -> Identity:
    """The state directory's ID, made if there is none yet; an ephemeral one where it can't be kept."""
    kept = _read(state_dir) or _make(state_dir, clock)
    if kept is None:
        return ephemeral_identity("random, for this process only: the state directory can't be written")
    return Identity(kept.id, "local", f"random, kept in {FILE} of the state directory")


def identify(product_name: str, facts: ClusterFacts, state_dir: str | None, clock: Timer) -> Identity:
    """Who this instance is. `state_dir` is None where there is none that lasts."""
    if facts.uid is not None:
        how = f"SHA-256 of the UID of the namespace kube-system ({facts.how})"
        return Identity(cluster_id(product_name, facts.uid), "cluster", how)
    found = ephemeral_identity() if state_dir is None else local_identity(state_dir, clock)
    return Identity(found.id, found.kind, f"{found.how} (Kubernetes: {facts.how})")


def life_began(state_dir: str, clock: Timer) -> int:
    """When this instance first started, in epoch seconds by `clock`; now where that is the case, or can't be known.

    Where the wall clock was set since, in the same run of the machine, that is taken into account: it makes the grace
    period neither shorter nor longer. A beginning in the future is one that a wrong clock wrote: it becomes now.
    """
    now = int(clock.now())
    kept = _read(state_dir) or _make(state_dir, clock)
    if kept is None:
        return now
    began = _began(kept, clock)
    if began <= now:
        return began
    with _locked(state_dir):
        kept = _read(state_dir) or kept
        if _began(kept, clock) > now:
            kept = _Kept(kept.id, now, clock.boot, clock.zero)
            _write(state_dir, kept, replacing=True)
    return _began(kept, clock)


def _began(kept: _Kept, clock: Timer) -> int:
    return kept.created + int(shift(clock, kept.boot, kept.zero))


def _path(state_dir: str) -> str:
    return os.path.join(state_dir, FILE)


def _read(state_dir: str) -> _Kept | None:
    """What is kept; None where there is nothing, or nothing whole."""
    value = read_json(_path(state_dir))
    identity, created = value.get("id"), value.get("created")
    if type(identity) is not str or not _LOCAL.fullmatch(identity):
        return None
    if type(created) is not int or not 0 <= created <= _LATEST:
        return None
    boot, zero = value.get("boot"), value.get("zero")
    if type(boot) is not str or not isinstance(zero, (int, float)):
        return _Kept(identity, created)
    return _Kept(identity, created, boot, zero)


def _make(state_dir: str, clock: Timer) -> _Kept | None:
    """Make the file, or take what another process made meanwhile; None where nothing can be kept."""
    with _locked(state_dir):
        kept = _read(state_dir)
        if kept is not None:
            return kept
        # What is there now, if anything, is corrupt; only under the lock may it be replaced.
        corrupt = os.path.lexists(_path(state_dir))
        fresh = _Kept(f"local_{os.urandom(8).hex()}", int(clock.now()), clock.boot, clock.zero)
        _write(state_dir, fresh, replacing=corrupt)
    return _read(state_dir)


def _write(state_dir: str, kept: _Kept, *, replacing: bool) -> None:
    """Write the file whole (0600). Without `replacing`, a file that appeared meanwhile stays as it is.

    Not synced to the disk: it can run on the host's thread, and after a power cut within seconds of the first start
    the worst is a fresh ID.
    """
    path, temporary = _path(state_dir), ""
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=".new-", dir=state_dir)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(kept) + b"\n")
        if replacing or not _linked(temporary, path):
            os.replace(temporary, path)
            temporary = ""
    except OSError:
        pass  # the caller reads again and sees what there is
    finally:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def _linked(temporary: str, path: str) -> bool:
    """Give the finished file its name unless the name is taken; False where the file system knows no links."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        return True
    except (OSError, NotImplementedError):
        return False
    return True


@contextlib.contextmanager
def _locked(state_dir: str) -> Iterator[None]:
    """Hold the directory's lock; go on without it after half a second, or where locks don't work."""
    descriptor = -1
    try:
        if fcntl is not None:
            with contextlib.suppress(OSError):
                descriptor = os.open(state_dir, os.O_RDONLY)
                _lock(descriptor)
        yield
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _lock(descriptor: int) -> None:
    for _ in range(_LOCK_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOCK_PAUSE)
        else:
            return
