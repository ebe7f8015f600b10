"""The disk of a data directory, and the rights of its files."""

import os
import pwd
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

from ...receive import disk_space, folder_bytes
from ...runtime import COPIES, Settings
from .check import Check, action, note, ok

_MAX_FILES = 20_000
_MIN_FREE_FILES_SHARE = 0.02
_SECRET_FILES = ("pepper", "keys.json", "tokens.json", "links.json", "sessions.json", "audit.json", "forgotten.json")
_SECRET_SETTINGS = ("sign_in_secret", "pepper", "store_password")
_OTHERS = stat.S_IRWXO
_GROUP_AND_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def disk_checks(settings: Settings, quota_reached: float) -> list[Check]:
    """The space and the free files of the disk. `quota_reached`: of `DiskQuota`."""
    free, size = disk_space(settings.data)
    if not size:
        return [action("disk", f"the disk of {settings.data} can't be measured", "check that it is mounted")]
    used = folder_bytes(settings.data)
    text = f"{_size(free)} of {_size(size)} are free, and the data directory has {_size(used)}"
    room = "enlarge the disk, delete other files on it, or reduce retention_days"
    if quota_reached:
        found = action("disk", f"{text}: events are refused (disk_quota_percent)", room)
    elif free < size * settings.disk_alarm_percent / 100:
        found = action("disk", f"{text}, under {settings.disk_alarm_percent:g} % (disk_alarm_percent)", room)
    else:
        found = ok("disk", text)
    return [found, *_free_files(settings.data)]


def _free_files(data: Path) -> list[Check]:
    statistics = os.statvfs(data)
    # Some file systems have no fixed number of files, and say 0.
    if not statistics.f_files or statistics.f_favail >= statistics.f_files * _MIN_FREE_FILES_SHARE:
        return []
    text = f"{statistics.f_favail} of {statistics.f_files} files are left on the disk (df -i)"
    return [action("disk", text, "delete small files of other programs, or use another file system")]


def permission_checks(data: Path) -> list[Check]:
    """Who can read and write the files, for the process that calls this."""
    findings = [*_directory(data), *_readable_secrets(data), *_foreign_files(data)]
    return findings or [ok("permissions", f"{data} and its files are the collector's own, and nobody else reads them")]


def _directory(data: Path) -> Iterator[Check]:
    status = data.stat()
    mode = stat.S_IMODE(status.st_mode)
    if mode & _OTHERS:
        text = f"every user of this machine can enter {data} (mode {mode:04o})"
        todo = f"chmod o= {shlex.quote(str(data))}"
        # Of a mounted volume the directory belongs to the system, which may allow no change.
        yield action("permissions", text, todo) if status.st_uid == os.geteuid() else note("permissions", text, todo)
    if not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        yield action("permissions", f"{data} can't be written", f"let {_user(os.geteuid())} read and write it")


def _readable_secrets(data: Path) -> Iterator[Check]:
    paths = [folder / name for folder in (data, data / COPIES) for name in _SECRET_FILES]
    if _names_a_secret(data / "footfall.toml"):
        paths.append(data / "footfall.toml")
    open_to_others = [path for path in paths if path.is_file() and path.stat().st_mode & _GROUP_AND_OTHERS]
    if open_to_others:
        names = " ".join(shlex.quote(str(path)) for path in open_to_others)
        text = f"other users may read {', '.join(str(path.relative_to(data)) for path in open_to_others)}"
        yield action("permissions", text, f"chmod 600 {names}")


def _names_a_secret(path: Path) -> bool:
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return False
    return any(line.strip().startswith(_SECRET_SETTINGS) for line in lines)


def _foreign_files(data: Path) -> Iterator[Check]:
    """Files that another user's process left, such as a command that root ran."""
    user = os.geteuid()
    owner = data.stat().st_uid if user == 0 else user
    foreign, unusable = [], []
    for number, path in enumerate(_all_paths(data)):
        if number >= _MAX_FILES:
            break
        try:
            other = path.lstat().st_uid != owner
        except OSError:
            continue  # deleted since the folder was listed
        needed = os.R_OK if path.name == "footfall.toml" else os.R_OK | os.W_OK
        if not os.access(path, needed) and not path.is_symlink():
            unusable.append(path)
        elif other and user == 0 and path.name != "footfall.toml":
            foreign.append(path)
    if found := unusable or foreign:
        reason = f"{_user(user)} can't read and write" if unusable else f"not {_user(owner)} but another user owns"
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        todo = f"chown -R {_user(owner)} {shlex.quote(str(data))}, or run this as the collector's user"
        yield action("permissions", f"{reason} {found[0]}{more}", todo)


def _all_paths(data: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(data):
        for name in (*folders, *names):
            yield Path(folder, name)


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"


def _size(number: float) -> str:
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if number < 1024:
            return f"{number:.0f} {unit}" if unit == "bytes" else f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} TiB"
