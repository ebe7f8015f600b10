"""Whether a directory ends with its container, by the mount that it is on.

A container's own layer is the mount at `/`: an overlay, or a directory of the container runtime's storage on the host's
file system. A volume without a name and a tmpfs end with the container as well.
"""

import os
import re

import msgspec

_LAYER_TYPES = frozenset({"overlay", "aufs", "fuse.fuse-overlayfs", "fuse-overlayfs", "tmpfs", "ramfs", "rootfs"})
_MEMORY_TYPES = frozenset({"tmpfs", "ramfs"})
_STORAGE = re.compile(
    r"/(?:docker|containerd|containers/storage|podman|crio|nerdctl|buildkit)/"
    r"|^/dev/mapper/docker-\d|^kataShared$|(?:^|/)docker/[0-9a-f]{64}"
)
"""Where container runtimes keep layers: the storage drivers `vfs`, `btrfs`, `zfs` and `devicemapper` use no overlay."""
_NAMELESS_VOLUME = re.compile(r"/volumes/[0-9a-f]{64}(?:/_data)?$")
"""What `VOLUME` in an image makes where `docker run` names no volume: the next container gets a new one."""
_ESCAPE = re.compile(r"\\([0-7]{3})")


class _Mount(msgspec.Struct, frozen=True):
    """A line of mountinfo. `root` is the mounted directory within its file system."""

    root: str
    point: str
    type: str
    source: str
    options: str

    @property
    def is_layer(self) -> bool:
        return self.type in _LAYER_TYPES or any(map(_STORAGE.search, (self.root, self.source, self.options)))


def ends_with_container(path: str, mountinfo: str = "/proc/self/mountinfo") -> str:
    """Why an existing directory ends with the container, as a phrase that does not name it; empty where it does not."""
    mounts = _mounts(mountinfo)
    mount, top = _mount_of(os.path.realpath(path), mounts), _mount_of("/", mounts)
    if mount is None or top is None:
        return ""
    if mount.point == "/":
        return f"on the container's own layer ({mount.type}), which ends with the container" if top.is_layer else ""
    if _NAMELESS_VOLUME.search(mount.root):
        return "in a volume without a name, which ends with the container"
    if mount.type in _MEMORY_TYPES and top.is_layer:
        return f"on {mount.type}, which ends with the container"
    return ""


def _mount_of(path: str, mounts: list[_Mount]) -> _Mount | None:
    """The mount that a path is on: the last one over the longest prefix."""
    over = [mount for mount in mounts if path == mount.point or path.startswith(mount.point.rstrip("/") + "/")]
    longest = max((len(mount.point) for mount in over), default=0)
    return next((mount for mount in reversed(over) if len(mount.point) == longest), None)


def _mounts(mountinfo: str) -> list[_Mount]:
    try:
        with open(mountinfo, encoding="utf-8", errors="surrogateescape") as lines:
            return [mount for line in lines if (mount := _parsed(line)) is not None]
    except OSError:
        return []


def _parsed(line: str) -> _Mount | None:
    before, _, after = line.partition(" - ")
    fields, (kind, source, options) = before.split(" "), [*after.split(), "", "", ""][:3]
    if len(fields) < 5 or not kind:
        return None
    return _Mount(_unescaped(fields[3]), _unescaped(fields[4]), kind, _unescaped(source), _unescaped(options))


def _unescaped(field: str) -> str:
    """A field whose spaces and backslashes are octal escapes."""
    return _ESCAPE.sub(lambda escape: chr(int(escape[1], 8)), field)
