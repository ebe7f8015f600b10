"""The settings of both ends as tables, taken from the code that reads them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from footfall.settings import Product, Settings, decide_by_environment
from footfall_collector.runtime import COLLECTOR_SETTINGS, VARIABLE_PREFIX, Setting

from .toml_reference import bounds, toml

_MEANINGS = {
    "DO_NOT_TRACK": "Anything but empty, `0` or `false` turns telemetry off, for every product. Upper or lower case",
    "TELEMETRY": "`true`, `false` or `preview`. `false`, `0`, `no` and `off` mean off, and so does any value that is "
    "not clearly on: a typo never collects. `preview` prints what would be sent on stderr and sends nothing",
    "POSTHOG_HOST": "Where events go: PostHog, a PostHog of your own, or a Footfall collector: `http://` or "
    "`https://`, a host, and perhaps a port and a path; without user name, password, query and fragment",
    "POSTHOG_KEY": "Write key for that host: the project's public key (`phc_…`). Set it together with the host. "
    "At most 64 ASCII letters, digits, `_`, `-` and `.`. A personal key (`phx_…`) is a secret: it is not taken, and "
    "nothing is sent",
    "TELEMETRY_STATE_DIR": "Directory of the instance ID, of events that wait, and of the local log of what was sent",
    "TELEMETRY_GRACE_SECONDS": "How long after an instance's first start nothing is sent",
    "TELEMETRY_FLUSH_SECONDS": "How long an event waits for others to be sent with",
    "DEPLOYMENT_METHOD": "How the server was installed; manifests and charts set it",
    "DEBUG": "`true`, `1` or `yes` prints every recorded event on stderr too, as the TypeScript server does",
}
"""What each variable is for, without the product's prefix. `client_settings` refuses one too few or too many."""


@dataclass(frozen=True)
class Row:
    """One setting of a table: its names, its default as text, and what it does."""

    names: tuple[str, ...]
    default: str
    meaning: str


class _Asked(Mapping[str, str]):
    """An empty environment that remembers what it was asked for, in order."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}

    def __getitem__(self, name: str) -> str:
        self.names[name] = None
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def client_settings(product_name: str) -> list[Row]:
    """One row for every variable that the client's own code asks the environment for.

    Raises:
        ValueError: the code asks for a variable that `_MEANINGS` does not explain, or no longer asks for one it does.
    """
    product = Product(product_name)
    env = _Asked()
    decide_by_environment(product, env)
    settings = Settings.read(product, env)
    asked = {name.removeprefix(product.prefix): name for name in env.names}
    asked["DEBUG"] = asked.pop(product.debug_variable)
    if asked.keys() != _MEANINGS.keys():
        raise ValueError(f"Explain in scripts/generate/settings/tables.py exactly these: {', '.join(asked)}")
    defaults = {
        "TELEMETRY": "`true`",
        "POSTHOG_HOST": f"`{settings.host}`",
        "POSTHOG_KEY": "the product's own",
        "TELEMETRY_STATE_DIR": "the user's state directory",
        "TELEMETRY_GRACE_SECONDS": f"`{settings.grace_seconds:g}`",
        "TELEMETRY_FLUSH_SECONDS": f"`{settings.flush_seconds:g}`",
        "DEPLOYMENT_METHOD": "told from the surroundings",
    }
    return [Row((asked[key],), defaults.get(key, ""), meaning) for key, meaning in _MEANINGS.items()]


def collector_settings() -> list[Row]:
    """One row for every setting of the collector's own table."""
    return [
        Row(
            (setting.name, VARIABLE_PREFIX + setting.name.upper(), *_flag(setting)),
            f"`{toml(setting.default)}`",
            setting.description + bounds(setting),
        )
        for setting in COLLECTOR_SETTINGS
    ]


def _flag(setting: Setting) -> tuple[str, ...]:
    return () if setting.secret else (f"--{setting.name.replace('_', '-')}",)
