"""Where the collector is reached: its base path, and who needs to sign in there."""

from ..runtime import Settings, SettingsError

_WITH_NAMES = ("/things/", "/shared/", "/embed/", "/static/")
"""Paths whose last part is a name, to which a slash at the end may belong."""


def without_base(path: str, base: str) -> str:
    """A path without the base path, where it has it. Several slashes at its start, as proxies join them, are one."""
    path = _with_one_slash(path)
    if base and (path == base or path.startswith(base + "/")):
        return _with_one_slash(path[len(base) :] or "/")
    return path


def page_path(path: str) -> str:
    """The path of something that is read: a slash at its end makes no difference."""
    return path if path.startswith(_WITH_NAMES) else path.rstrip("/") or "/"


def _with_one_slash(path: str) -> str:
    return "/" + path.lstrip("/") if path.startswith("//") else path


def check_sign_in_needed(settings: Settings) -> None:
    """Raises SettingsError where others could reach the collector without a sign-in."""
    if not settings.loopback and not settings.sign_in_secret:
        raise SettingsError(
            f"host {settings.host} is reachable by others: set FOOTFALL_SIGN_IN_SECRET (openssl rand -hex 24), "
            "or listen on 127.0.0.1"
        )
