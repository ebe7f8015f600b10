"""The instance ID: a hash of the cluster's UID where it is known, else a random ID in the state directory.

`identity.json` in the state directory is `{"id": "local_…", "created": epoch seconds, "boot": …, "zero": …}`; `boot`
and `zero` come from the clock of the process that writes it. The first process writes the file in one step, and all
later ones read it.
"""

import contextlib
import os
import re
import time
from collections.abc import Iterator

import msgspec

from ..runtime import (
    TEMPORARY_PREFIX,
    Clock,
    Descriptor,
    clock_shift,
    read_json,
    unlink_quietly,
    write_temporary_file,
)
from .kubernetes import ClusterFacts

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has none; creating the file is safe without it
    fcntl = None  # type: ignore[assignment] # the module is optional

FILE = "identity.json"

_LOCAL = re.compile(r"local_[0-9a-f]{16}")
_MAX_CREATED = 1 << 53
_LOCK_TRIES = 25
_LOCK_PAUSE = 0.02

# Its IDs equal those of the TypeScript server, so that a cluster that runs both counts once.
_UNPREFIXED_PRODUCT = "dot-ai"


class Identity(msgspec.Struct, frozen=True):
    """An instance ID as it is sent.

    Attributes:
        kind: `cluster`, `local` or `ephemeral`.
        origin: a phrase for people that says what the ID was made from.
    """

    id: str
    kind: str
    origin: str


class _StoredIdentity(msgspec.Struct, frozen=True):
    id: str
    created: int
    boot: str = ""
    zero: float = 0.0


def cluster_id(product_name: str, uid: str) -> str:
    """`cluster_` and 16 hex digits of a SHA-256 of the UID of the namespace `kube-system`.

    Every product except dot-ai prefixes its name before hashing, so that the IDs of two products can't be joined.
    """
    import hashlib

    folded = uid.lower()
    text = folded if product_name == _UNPREFIXED_PRODUCT else f"{product_name}/instance-id/v1\0{folded}"
    return f"cluster_{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def ephemeral_identity(origin: str = "random, for this process only") -> Identity:
    """A random ID for one process, which instance counts leave out."""
    return Identity(f"ephemeral_{os.urandom(8).hex()}", "ephemeral", origin)


def local_identity(state_dir: str, clock: Clock) -> Identity:
    """The state directory's ID, created if there is none; an ephemeral one if the directory can't be written."""
    stored = _read(state_dir) or _make(state_dir, clock)
    if stored is None:
        return ephemeral_identity("random, for this process only: the state directory can't be written")
    return Identity(stored.id, "local", f"random, kept in {FILE} of the state directory")


def identify(product_name: str, facts: ClusterFacts, state_dir: str | None, clock: Clock) -> Identity:
    """The identity of this instance. `state_dir` is None where no state directory outlives the process."""
    if facts.uid is not None:
        origin = f"SHA-256 of the UID of the namespace kube-system ({facts.outcome})"
        return Identity(cluster_id(product_name, facts.uid), "cluster", origin)
    identity = ephemeral_identity() if state_dir is None else local_identity(state_dir, clock)
    return Identity(identity.id, identity.kind, f"{identity.origin} (Kubernetes: {facts.outcome})")


def first_started_at(state_dir: str, clock: Clock) -> int:
    """When this instance first started, in epoch seconds of `clock`; now if this is the first start or it is unknown.

    A wall clock that was set since, in the same boot, is corrected for, so that it changes the grace period by
    nothing. A first start in the future comes from a wrong clock, and is replaced by now.
    """
    now = int(clock.now())
    stored = _read(state_dir) or _make(state_dir, clock)
    if stored is None:
        return now
    began = _created_by_clock(stored, clock)
    if began <= now:
        return began
    with _locked(state_dir):
        stored = _read(state_dir) or stored
        if _created_by_clock(stored, clock) > now:
            stored = _StoredIdentity(stored.id, now, clock.boot_id, clock.boot_time)
            _write(state_dir, stored, replacing=True)
    return _created_by_clock(stored, clock)


def _created_by_clock(stored: _StoredIdentity, clock: Clock) -> int:
    return stored.created + int(clock_shift(clock, stored.boot, stored.zero))


def _path(state_dir: str) -> str:
    return os.path.join(state_dir, FILE)


def _read(state_dir: str) -> _StoredIdentity | None:
    """The stored identity; None if the file is missing or invalid."""
    value = read_json(_path(state_dir))
    instance_id, created = value.get("id"), value.get("created")
    if type(instance_id) is not str or not _LOCAL.fullmatch(instance_id):
        return None
    if type(created) is not int or not 0 <= created <= _MAX_CREATED:
        return None
    boot, zero = value.get("boot"), value.get("zero")
    if type(boot) is not str or not isinstance(zero, (int, float)):
        return _StoredIdentity(instance_id, created)
    return _StoredIdentity(instance_id, created, boot, zero)


def _make(state_dir: str, clock: Clock) -> _StoredIdentity | None:
    """Create the file, or read the one that another process creates first; None if it can't be written."""
    with _locked(state_dir):
        stored = _read(state_dir)
        if stored is not None:
            return stored
        _remove_second_name(state_dir)
        stored = _read(state_dir)
        if stored is not None:
            return stored
        # A file that exists here is corrupt. Only the holder of the lock may replace it.
        corrupt = os.path.lexists(_path(state_dir))
        fresh = _StoredIdentity(f"local_{os.urandom(8).hex()}", int(clock.now()), clock.boot_id, clock.boot_time)
        _write(state_dir, fresh, replacing=corrupt)
    return _read(state_dir)


def _remove_second_name(state_dir: str) -> None:
    """A process that was killed between linking the file and unlinking its temporary name left both."""
    try:
        inode = os.lstat(_path(state_dir)).st_ino
        with os.scandir(state_dir) as entries:
            same = [e.path for e in entries if e.name.startswith(TEMPORARY_PREFIX) and e.inode() == inode]
    except OSError:
        return
    for path in same:
        unlink_quietly(path)


def _write(state_dir: str, stored: _StoredIdentity, *, replacing: bool) -> None:
    """Write the file in one step (mode 0600). Without `replacing`, a file that another process just wrote stays.

    It is not synced to the disk, because this can run on the host's thread. The worst outcome is a new ID, after a
    power cut within seconds of the first start.
    """
    path, temporary = _path(state_dir), ""
    try:
        temporary = write_temporary_file(state_dir, msgspec.json.encode(stored) + b"\n")
        if replacing or not _link(temporary, path):
            os.replace(temporary, path)
            temporary = ""
    except OSError:
        pass  # the caller reads the file again
    finally:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def _link(temporary: str, path: str) -> bool:
    """Link the finished file to its name unless the name is taken; False if the file system has no links."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        return True
    except (OSError, NotImplementedError):
        return False
    return True


@contextlib.contextmanager
def _locked(state_dir: str) -> Iterator[None]:
    """Hold the directory's lock; continue without it after half a second, or where locks don't work."""
    directory = None
    try:
        if fcntl is not None:
            with contextlib.suppress(OSError):
                directory = Descriptor(os.open(state_dir, os.O_RDONLY), os.lstat(state_dir))
                _lock(directory)
        yield
    finally:
        if directory is not None:
            directory.close()


def _lock(directory: Descriptor) -> None:
    for _ in range(_LOCK_TRIES):
        try:
            fcntl.flock(directory.proven(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOCK_PAUSE)
        else:
            return
