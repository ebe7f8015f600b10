"""Everything that can be set, in one table: the fields of `Settings`.

Each field is read, the later winning, from its default, from the TOML file (`DATA/footfall.toml` or `--config FILE`),
from the variable `FOOTFALL_<NAME>` and from the flag `--<name>`. A wrong or unknown setting stops the start with the
place and the fix.
"""

import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from .setting_forms import PRODUCT_FORM, PRODUCT_NAME, line_of, meant, problem_of
from .setting_forms import SettingsError as SettingsError  # noqa: PLC0414 -- to be had from here

PREFIX = "FOOTFALL_"
CONFIG_VARIABLE = "FOOTFALL_CONFIG"
ANSWERS_PREFIX = "FOOTFALL_ANSWERS_"
"""Variables of the MCP endpoint's own telemetry; the client reads them."""
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")

# Kubernetes injects these for a Service called `footfall…`; they are not ours, and one of them is named FOOTFALL_PORT.
_INJECTED = re.compile(r"_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$")
_OF_PRODUCT = ("catalogue", "tools", "client_names")
_PASSWORD = re.compile(r"[a-z]+://[^/@]*:[^/]*@")
_INJECTED_ADDRESS = re.compile(r"(tcp|udp|sctp)://")


@dataclass(frozen=True)
class ProductSettings:
    """One product of the collector.

    Attributes:
        catalogue: a Python file whose `EVENTS` are the product's own events, besides the five; None for none.
        tools: the product's tool names; with none listed any name of the right form is admitted.
        client_names: MCP client names besides the shipped vocabulary.
    """

    catalogue: Path | None = None
    tools: tuple[str, ...] = ()
    client_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """What the table says of a setting: `least` and `most` bound a number; `secret` keeps it off the command line.

    `form` is one of `setting_forms`, which a text or each text of a list must have.
    """

    meaning: str
    least: float = 0
    most: float | None = None
    secret: bool = False
    form: str = ""


@dataclass(frozen=True)
class Settings:
    """The collector's settings. Sizes are in bytes and times in seconds unless the name says otherwise."""

    data: Annotated[Path, Row("Directory of everything that is kept")] = Path("footfall-data")
    host: Annotated[str, Row("Address to listen on; off loopback a sign-in secret is needed")] = "127.0.0.1"
    port: Annotated[int, Row("TCP port to listen on; 0 takes a free one", 0, 65535)] = 8765
    allowed_hosts: Annotated[
        tuple[str, ...], Row("Host names answered too; `.a.org` is all of a.org", form="host_name")
    ] = ()
    sign_in_secret: Annotated[
        str, Row("Secret, or its argon2 hash, that reading asks for", secret=True, form="sign_in")
    ] = field(default="", repr=False)
    pepper: Annotated[str, Row("Key of the second hash of instance IDs [kept in DATA]", secret=True)] = field(
        default="", repr=False
    )
    retention_days: Annotated[int, Row("Days after which events are deleted, by whole months", 1, 36500)] = 365
    trusted_proxies: Annotated[
        tuple[str, ...], Row("Networks of proxies whose X-Forwarded-For names the peer", form="network")
    ] = ()
    unlimited_peers: Annotated[tuple[str, ...], Row("Networks that no limit per peer is for", form="network")] = (
        "127.0.0.0/8",
        "::1/128",
    )
    peer_requests_per_minute: Annotated[int, Row("Most requests of one peer in a minute; 0 for no limit")] = 6000
    peer_events_per_minute: Annotated[int, Row("Most events of one peer in a minute; 0 for no limit")] = 60_000
    peer_connections: Annotated[int, Row("Most connections of one peer at a time; 0 for no limit")] = 100
    new_instances_per_hour: Annotated[
        int, Row("Most instances of a product that are seen for the first time in an hour; 0 for no limit")
    ] = 10_000
    key_alarm_per_minute: Annotated[
        int, Row("Events of one write key in a minute that raise an alarm, and nothing else; 0 for none")
    ] = 600_000
    max_header_bytes: Annotated[int, Row("Largest head of a request", 1024, 1 << 20)] = 32 << 10
    max_body_bytes: Annotated[int, Row("Largest request body as sent", 1024, 1 << 30)] = 20 << 20
    max_decoded_bytes: Annotated[int, Row("Largest request body once decoded", 1024, 1 << 30)] = 32 << 20
    max_decoded_ratio: Annotated[
        int, Row("Most bytes that one byte of a compressed body may become, above the first MiB", 2, 1_000_000)
    ] = 200
    max_event_bytes: Annotated[int, Row("Largest single event", 256, 1 << 26)] = 1_000_000
    max_batch_events: Annotated[int, Row("Most events in one request", 1, 1_000_000)] = 10_000
    max_waiting_bytes: Annotated[int, Row("Most bytes of unanswered bodies, all together", 1 << 20)] = 64 << 20
    max_connections: Annotated[int, Row("Most connections at a time", 1, 100_000)] = 1000
    header_seconds: Annotated[float, Row("Longest a client may take to send a head", 0.1, 3600)] = 10.0
    body_seconds: Annotated[float, Row("Longest a client may take to send a body", 0.1, 3600)] = 30.0
    idle_seconds: Annotated[float, Row("Longest an idle connection is kept", 1, 3600)] = 30.0
    drain_seconds: Annotated[float, Row("Longest that requests under way are waited for at the end", 0, 600)] = 10.0
    segment_bytes: Annotated[int, Row("Size at which a journal segment is closed", 4096, 1 << 30)] = 32 << 20
    segment_seconds: Annotated[float, Row("Age at which a journal segment is closed", 0.05, 3600)] = 0.5
    store: Annotated[str, Row("`duckdb`, or `clickhouse://user@host:9000/database?cluster=name`", form="store")] = (
        field(default="duckdb", repr=False)
    )
    store_password: Annotated[str, Row("Password of the ClickHouse user", secret=True)] = field(default="", repr=False)
    store_memory: Annotated[str, Row("Memory limit of the store, at least 128MB", form="memory")] = "160MB"
    store_threads: Annotated[int, Row("Threads of the store; loading is cheaper with one", 1, 256)] = 1
    disk_alarm_percent: Annotated[
        float, Row("Percent of the disk that is free, below which an alarm says so; 0 for none", 0, 100)
    ] = 10.0
    log_format: Annotated[str, Row("`text`, or `json` for one object a line", form="log_format")] = "text"
    public_products: Annotated[tuple[str, ...], Row("Products whose closed months anyone may read at /public/…")] = ()
    products: Mapping[str, ProductSettings] = field(default_factory=lambda: {"dot-ai": ProductSettings()})

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the collector."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False

    @property
    def default_product(self) -> str | None:
        """The product that a first write key belongs to: the only one, None where there are several."""
        return next(iter(self.products)) if len(self.products) == 1 else None


@dataclass(frozen=True)
class Setting:
    """One setting of the table, with the type and the default of its field."""

    name: str
    type: Any
    default: Any
    row: Row


def _table() -> tuple[Setting, ...]:
    rows = []
    for item in fields(Settings):
        if get_origin(item.type) is Annotated:
            kind, row = get_args(item.type)
            rows.append(Setting(item.name, kind, item.default, row))
    return tuple(rows)


TABLE = _table()
"""The settings that fit in one value, in the order of the reference."""


def read_settings(flags: Mapping[str, Any], env: Mapping[str, str]) -> Settings:
    """All settings. `flags` are values by field name (texts as given, absent where not given), and `config`.

    Raises:
        SettingsError: a setting is unknown or has a value that can't be used.
    """
    values: dict[str, Any] = {}
    data = Path(flags.get("data") or env.get(f"{PREFIX}DATA") or Settings.data)
    named = flags.get("config") or env.get(CONFIG_VARIABLE)
    path = Path(named) if named else data / "footfall.toml"
    if named or path.exists():
        values |= _read_toml(path)
    values |= _read_env(env)
    for setting in TABLE:
        if flags.get(setting.name) is not None:
            values[setting.name] = _parsed(setting, flags[setting.name], f"--{setting.name.replace('_', '-')}")
    if _PASSWORD.match(flags.get("store") or ""):
        raise SettingsError("--store: every user of this machine can read a command line: set FOOTFALL_STORE_PASSWORD")
    return Settings(**values)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8")
        table = tomllib.loads(text)
    except OSError as error:
        raise SettingsError(f"{path} can't be read ({error.strerror}); check --config") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not TOML: {error}") from None
    products = table.pop("products", None)
    known = {setting.name: setting for setting in TABLE}
    values = {}
    for name, value in table.items():
        if name not in known:
            place = f"{path}{line_of(text, name) or line_of(text, '', name)}"
            closest, all_of = meant(name, (*known, "products")), f"{', '.join(known)} and [products.NAME]"
            raise SettingsError(f"{place}: unknown setting `{name}`{closest or f'; known are {all_of}'}")
        values[name] = _parsed(known[name], value, f"{path}{line_of(text, name)}: {name}")
    if products is not None:
        values["products"] = _products(products, path, text)
    if stray := set(values.get("public_products", ())) - set(values.get("products", Settings().products)):
        place = f"{path}{line_of(text, 'public_products')}: public_products"
        raise SettingsError(f"{place}: there is no product {', '.join(sorted(stray))}; add it as [products.NAME]")
    return values


def _read_env(env: Mapping[str, str]) -> dict[str, Any]:
    known = {PREFIX + setting.name.upper(): setting for setting in TABLE}
    values = {}
    for variable, text in env.items():
        if not variable.startswith(PREFIX) or variable == CONFIG_VARIABLE:
            continue
        if _INJECTED.search(variable) or (variable.endswith("_PORT") and _INJECTED_ADDRESS.match(text)):
            continue
        if variable.startswith(ANSWERS_PREFIX):
            continue
        if variable not in known:
            closest = meant(variable, known) or f"; known are {', '.join(known)}"
            raise SettingsError(f"{variable}: there is no such setting{closest}")
        setting = known[variable]
        values[setting.name] = _parsed(setting, text, variable)
    return values


def _parsed(setting: Setting, value: Any, place: str) -> Any:
    """The value in the field's type. A secret's value is never part of the message."""
    kind = setting.type
    if kind is int or kind is float:
        return _number(setting, value, place)
    if kind is Path:
        if isinstance(value, (str, Path)) and str(value):
            return Path(value)
        raise SettingsError(f"{place}: write a path")
    if kind is str:
        if not isinstance(value, str):
            raise SettingsError(f"{place}: write a text")
        return _formed(setting, value, place)
    texts = _texts(value.split(",") if isinstance(value, str) else value, place)
    return tuple(_formed(setting, text, place) for text in texts)


def _formed(setting: Setting, text: str, place: str) -> str:
    if problem := problem_of(setting.row.form, text):
        # A store's address may have a password in it.
        given = "" if setting.row.secret or setting.row.form == "store" else f", not {text!r}"
        raise SettingsError(f"{place}: {problem}{given}")
    return text


def _number(setting: Setting, value: Any, place: str) -> int | float:
    least, most = setting.row.least, setting.row.most
    bounds = f"from {least} to {most}" if most is not None else f"of at least {least}"
    wanted = f"{place}: write a {'whole ' if setting.type is int else ''}number {bounds}"
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise SettingsError(wanted)
    try:
        # A text for a whole number must be one: int() refuses `1.5`.
        number: int | float = setting.type(value)
    except (ValueError, OverflowError):
        raise SettingsError(f"{wanted}, not {value!r}") from None
    if number != float(value) or not least <= number <= (most if most is not None else number):
        raise SettingsError(f"{wanted}, not {value!r}")
    return number


def _texts(value: Any, place: str) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
        raise SettingsError(f"{place}: write a list of texts")
    return tuple(item.strip() for item in value if item.strip())


def _products(table: Any, path: Path, text: str) -> dict[str, ProductSettings]:
    if not isinstance(table, dict) or not table:
        raise SettingsError(f"{path}{line_of(text, 'products')}: write products as [products.NAME] tables")
    products = {}
    for name, given in table.items():
        place = f"{path}{line_of(text, '', f'products.{name}')}: [products.{name}]"
        if not PRODUCT_NAME.fullmatch(name):
            raise SettingsError(f"{place}: {PRODUCT_FORM}")
        if not isinstance(given, dict):
            raise SettingsError(f"{place}: known are `catalogue`, `tools` and `client_names`")
        for unknown in given.keys() - _OF_PRODUCT:
            place = f"{path}{line_of(text, unknown, f'products.{name}')}: [products.{name}]"
            closest = meant(unknown, _OF_PRODUCT) or "; known are `catalogue`, `tools` and `client_names`"
            raise SettingsError(f"{place}: unknown setting `{unknown}`{closest}")
        catalogue = given.get("catalogue")
        if catalogue is not None and not isinstance(catalogue, str):
            raise SettingsError(f"{place}: write `catalogue` as the path of a Python file")
        products[name] = ProductSettings(
            # Relative to the file that names it, so that a directory with both can be moved.
            catalogue=None if catalogue is None else (path.parent / os.path.expanduser(catalogue)).absolute(),
            tools=_texts(given.get("tools", []), f"{place} tools"),
            client_names=_texts(given.get("client_names", []), f"{place} client_names"),
        )
    return products
