"""The state directory: whether it outlives the process, and small JSON files in it that are written whole."""

import os
from collections.abc import Mapping
from typing import Any

import msgspec

from .container_layer import ends_with_container
from .private_files import (
    NotPrivateError,
    check_private_directory,
    make_private_directory,
    open_private_file,
    read_private_file,
    unlink_quietly,
    write_temporary_file,
)

NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "fuse.sshfs", "fuse.glusterfs", "glusterfs", "lustre", "afs"}
)
EPHEMERAL_FILE_SYSTEMS = frozenset({"overlay", "aufs", "tmpfs", "ramfs"})
"""Inside a container their files end with it, unless the operator configured the directory."""


class StateDirectory(msgspec.Struct, frozen=True):
    """Where state is kept.

    Attributes:
        path: the directory, or None where nothing can be written.
        durable: whether files are still there after a restart.
        network: whether it is on a network file system, where an append may take long.
        note: a phrase for `footfall status`; it does not name the path, which may name a user.
        refused: an existing directory isn't used, because other users could have written it.
    """

    path: str | None
    durable: bool
    network: bool
    note: str
    refused: bool = False


def open_state_directory(path: str, *, configured: bool) -> StateDirectory:
    """Make the directory (0700) and examine its file system.

    One that the operator `configured` counts as durable unless it ends with the container.
    """
    if not path:
        return StateDirectory(None, False, False, "no state directory: the user has no home directory")
    try:
        make_private_directory(path)
        make_private_directory(os.path.join(path, "spool"))
        _try_file(os.path.join(path, f".probe-{os.urandom(8).hex()}"))
    except NotPrivateError as error:
        return StateDirectory(None, False, False, f"the state directory isn't private: it is {error.strerror}", True)
    except OSError as error:
        return StateDirectory(None, False, False, f"no state directory: {error.strerror or 'cannot be written'}")
    end = ends_with_container(path)
    if end:
        return StateDirectory(path, False, False, end)
    kind = file_system_type(path)
    if kind in EPHEMERAL_FILE_SYSTEMS and not configured and _in_container():
        return StateDirectory(path, False, False, f"on {kind}, which ends with the container")
    if kind in NETWORK_FILE_SYSTEMS:
        return StateDirectory(path, True, True, f"on {kind}: events pass through memory first")
    return StateDirectory(path, True, False, "each event is on disk before its call returns")


def _try_file(path: str) -> None:
    """Create a file, and remove it. Raises OSError; NotPrivateError on a file system that gives it to others."""
    try:
        open_private_file(path, os.O_CREAT | os.O_EXCL | os.O_RDWR).close()
    finally:
        unlink_quietly(path)


def write_problem(path: str) -> str:
    """Why no file can be kept in a directory, whether or not it exists; empty where one can. Changes nothing."""
    try:
        check_private_directory(path)
    except NotPrivateError as error:
        return f"it is {error.strerror}"
    except OSError:
        pass  # explained below
    while not os.path.isdir(path) and os.path.dirname(path) != path:
        if os.path.lexists(path):
            return "Not a directory"
        path = os.path.dirname(path)
    try:
        readonly = os.statvfs(path).f_flag & os.ST_RDONLY
    except (OSError, AttributeError):
        readonly = 0
    if readonly:
        return "Read-only file system"
    return "" if os.access(path, os.W_OK | os.X_OK) else "Permission denied"


def _in_container() -> bool:
    return (
        "KUBERNETES_SERVICE_HOST" in os.environ or os.path.exists("/.dockerenv") or os.path.exists("/run/.containerenv")
    )


def file_system_type(path: str, mounts: str = "/proc/self/mounts") -> str:
    """The type of a path's file system, such as `ext4`; empty where it is not known."""
    try:
        with open(mounts, encoding="utf-8", errors="replace") as lines:
            fields = [line.split() for line in lines]
    except OSError:
        return ""
    real = os.path.realpath(path)
    # The last mount over the longest prefix is in force.
    mount_point, mount_type = "", ""
    for parts in fields:
        if len(parts) < 3:
            continue
        point = parts[1].replace("\\040", " ")
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(mount_point):
            mount_point, mount_type = point, parts[2]
    return mount_type


def read_json(path: str) -> dict[str, Any]:
    """The JSON object in a small file; empty where the file is missing, isn't private or can't be read."""
    try:
        value = msgspec.json.decode(read_private_file(path, 1 << 20))
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return value if type(value) is dict else {}


def write_json(path: str, value: Mapping[str, Any]) -> bool:
    """Write a small JSON object whole or not at all (0600); False if it can't be written."""
    temporary = ""
    try:
        data = msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"
        temporary = write_temporary_file(os.path.dirname(path), data)
        os.replace(temporary, path)
    except OSError:
        if temporary:
            unlink_quietly(temporary)
        return False
    return True
