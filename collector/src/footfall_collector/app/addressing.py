"""Where the collector is reached: its base path, and who needs to sign in there."""

from ..runtime import Settings, SettingsError


def without_base(path: str, base: str) -> str:
    """A path without the base path, where it has it."""
    return path[len(base) :] or "/" if path == base or path.startswith(base + "/") else path


def check_sign_in_needed(settings: Settings) -> None:
    """Raises SettingsError where others could reach the collector without a sign-in."""
    if not settings.loopback and not settings.sign_in_secret:
        raise SettingsError(
            f"host {settings.host} is reachable by others: set FOOTFALL_SIGN_IN_SECRET (openssl rand -hex 24), "
            "or listen on 127.0.0.1"
        )
