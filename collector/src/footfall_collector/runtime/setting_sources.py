"""Reads the settings; each source wins over the one before it: default, TOML file, variable, flag.

The file is `DATA/footfall.toml` or that of `--config`, the variable `FOOTFALL_<NAME>`, the flag `--<name>`. A wrong or
unknown setting stops the start with its place and the fix.
"""

import difflib
import ipaddress
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from footfall.catalogue.loading import is_module_name

from .setting_forms import Setting, extra, to_path
from .settings import COLLECTOR_SETTINGS, PRODUCT_SETTINGS, ProductSettings, Settings

VARIABLE_PREFIX = "FOOTFALL_"
_CONFIG_VARIABLE = "FOOTFALL_CONFIG"
_MCP_TELEMETRY_PREFIX = "FOOTFALL_ANSWERS_"
"""Variables of the MCP endpoint's own telemetry; the client library reads them."""

_PRODUCT_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_PRODUCT_NAME_FIX = "a product's name is lower-case words joined by '-', such as dot-ai"
_PRODUCT_SETTINGS_FIX = "known are `catalogue`, `tools` and `client_names`"
_PATHS = (Path, Path | None)
_PASSWORD_IN_ADDRESS = re.compile(r"[a-z]+://[^/@]*:[^/]*@")

# Kubernetes injects these for a Service called `footfall…`; they are not ours, and one of them is named FOOTFALL_PORT.
_SERVICE_VARIABLE = re.compile(r"_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$")
_SERVICE_ADDRESS = re.compile(r"(tcp|udp|sctp)://")


class SettingsFile(NamedTuple):
    """The TOML file, whether a flag or a variable names it, and the data directory by a flag or a variable."""

    path: Path
    is_named: bool
    data: Path


class SettingsError(Exception):
    """A setting that can't be used; the message names its place, what is wrong and what to write instead."""


def read_settings(flags: Mapping[str, Any], env: Mapping[str, str]) -> Settings:
    """All settings. `flags` are texts by field name (absent where not on the command line), and `config`.

    Raises:
        SettingsError: a setting is unknown or has a value that can't be used.
    """
    values: dict[str, Any] = {}
    file = settings_file(flags, env)
    if file.is_named or file.path.exists():
        values |= _read_toml(file.path)
    values |= _read_env(env)
    for setting in COLLECTOR_SETTINGS:
        if flags.get(setting.name) is not None:
            values[setting.name] = _convert(setting, flags[setting.name], f"--{setting.name.replace('_', '-')}")
    if _PASSWORD_IN_ADDRESS.match(flags.get("store") or ""):
        raise SettingsError("--store: every user of this machine can read a command line: set FOOTFALL_STORE_PASSWORD")
    if "host" in values:
        values["host"] = canonical_host(values["host"])
    return Settings(**values)


def canonical_host(text: str) -> str:
    """A host name in lower case without a dot at its end; an IP address in its shortest form, without brackets."""
    name = text.strip("[]").lower().rstrip(".")
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        # The system reads both as every IPv4 address.
        return "0.0.0.0" if name in ("", "0") else name  # noqa: S104 -- compared, and listened on where it is wanted
    mapped = address.ipv4_mapped if address.version == 6 else None
    return str(mapped or address)


def settings_file(flags: Mapping[str, Any], env: Mapping[str, str]) -> SettingsFile:
    """Where the settings are read from; the file may not exist."""
    data = Path(flags.get("data") or env.get(f"{VARIABLE_PREFIX}DATA") or Settings.data)
    config = flags.get("config") or env.get(_CONFIG_VARIABLE)
    return SettingsFile(Path(config) if config else data / "footfall.toml", bool(config), data)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean …?` for a name that is nearly one of the known ones, else nothing."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean `{close[0]}`?" if close else ""


def unknown_product(name: str, known: Iterable[str], data: Path) -> str:
    """What to do where `--product` names none of the collector's products."""
    problem = f"--product {name}: no such product; known are {', '.join(known)}"
    if not _PRODUCT_NAME.fullmatch(name):
        return f"{problem}; {_PRODUCT_NAME_FIX}"
    return f"{problem}. Add [products.{name}] to {data / 'footfall.toml'}, then restart the collector"


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8")
        table = tomllib.loads(text)
    except OSError as error:
        raise SettingsError(f"{path} can't be read ({error.strerror}); check --config") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not TOML: {error}") from None
    products = table.pop("products", None)
    known = {setting.name: setting for setting in COLLECTOR_SETTINGS}
    values = {}
    for name, value in table.items():
        if name not in known:
            place = f"{path}{_line_of(text, name) or _line_of(text, '', name)}"
            hint = did_you_mean(name, (*known, "products")) or f"; known are {', '.join(known)} and [products.NAME]"
            raise SettingsError(f"{place}: unknown setting `{name}`{hint}")
        values[name] = _convert(known[name], value, f"{path}{_line_of(text, name)}: {name}")
    if products is not None:
        values["products"] = _read_products(products, path, text)
    if unknown := set(values.get("public_products", ())) - set(values.get("products", Settings().products)):
        place = f"{path}{_line_of(text, 'public_products')}: public_products"
        raise SettingsError(f"{place}: there is no product {', '.join(sorted(unknown))}; add it as [products.NAME]")
    return values


def _read_env(env: Mapping[str, str]) -> dict[str, Any]:
    known = {VARIABLE_PREFIX + setting.name.upper(): setting for setting in COLLECTOR_SETTINGS}
    values = {}
    for variable, text in env.items():
        if not variable.startswith(VARIABLE_PREFIX) or variable == _CONFIG_VARIABLE:
            continue
        if _SERVICE_VARIABLE.search(variable) or (variable.endswith("_PORT") and _SERVICE_ADDRESS.match(text)):
            continue
        if variable.startswith(_MCP_TELEMETRY_PREFIX):
            continue
        if variable not in known:
            hint = did_you_mean(variable, known) or f"; known are {', '.join(known)}"
            raise SettingsError(f"{variable}: there is no such setting{hint}")
        setting = known[variable]
        values[setting.name] = _convert(setting, text, variable)
    return values


def _read_products(table: Any, path: Path, text: str) -> dict[str, ProductSettings]:
    if not isinstance(table, dict) or not table:
        raise SettingsError(f"{path}{_line_of(text, 'products')}: write products as [products.NAME] tables")
    known = {setting.name: setting for setting in PRODUCT_SETTINGS}
    products = {}
    for name, product in table.items():
        place = f"{path}{_line_of(text, '', f'products.{name}')}: [products.{name}]"
        if not _PRODUCT_NAME.fullmatch(name):
            raise SettingsError(f"{place}: {_PRODUCT_NAME_FIX}")
        if not isinstance(product, dict):
            raise SettingsError(f"{place}: {_PRODUCT_SETTINGS_FIX}")
        for unknown in product.keys() - known.keys():
            place = f"{path}{_line_of(text, unknown, f'products.{name}')}: [products.{name}]"
            hint = did_you_mean(unknown, known) or f"; {_PRODUCT_SETTINGS_FIX}"
            raise SettingsError(f"{place}: unknown setting `{unknown}`{hint}")
        values = {key: _convert(known[key], value, f"{place} {key}") for key, value in product.items()}
        if "catalogue" in values:
            # A file is relative to the one that names it, so that a directory with both can be moved.
            file = (path.parent / os.path.expanduser(values["catalogue"])).absolute()
            if file.is_file() or not is_module_name(str(values["catalogue"])):
                values["catalogue"] = file
        products[name] = ProductSettings(**values)
    return products


def _convert(setting: Setting, value: Any, place: str) -> Any:
    """The value in the setting's type. Raises SettingsError; a secret's value is never part of the message."""
    if setting.item is not None:
        items = value.split(",") if isinstance(value, str) else value
        try:
            texts = msgspec.convert(items, tuple[str, ...])
        except msgspec.ValidationError:
            raise SettingsError(f"{place}: write a list of texts") from None
        return tuple(_checked(setting.item, text.strip(), place) for text in texts if text.strip())
    if setting.type in (int, float):
        return _number(setting, value, place)
    if setting.type not in _PATHS and not isinstance(value, str):
        raise SettingsError(f"{place}: write a text")
    return _checked(setting.annotation, value, place)


def _number(setting: Setting, value: Any, place: str) -> Any:
    low, high = setting.minimum, setting.maximum
    bounds = f"from {low} to {high}" if high is not None else f"of at least {low}"
    fix = f"{place}: write a {'whole ' if setting.type is int else ''}number {bounds}"
    try:
        number = value.strip() if isinstance(value, str) else value
        return msgspec.convert(number, setting.annotation, strict=False)
    except msgspec.ValidationError:
        is_number = isinstance(value, (int, float, str)) and not isinstance(value, bool)
        raise SettingsError(f"{fix}, not {value!r}" if is_number else fix) from None


def _checked(annotation: Any, value: Any, place: str) -> Any:
    """A text or path by the pattern and the check of its type. Raises SettingsError."""
    metadata = extra(annotation)
    problem = None
    try:
        converted = msgspec.convert(value, annotation, dec_hook=to_path)
        if "check" in metadata:
            problem = metadata["check"](converted)
    except msgspec.ValidationError:
        problem = metadata["fix"]
    if problem is None:
        return converted
    repeat = isinstance(value, str) and value and not (metadata.get("secret") or metadata.get("private"))
    raise SettingsError(f"{place}: {problem}{f', not {value!r}' if repeat else ''}")


def _line_of(text: str, name: str, table: str = "") -> str:
    """`, line 7` for the first line of a TOML text that sets `name` in `[table]` or names that table; else nothing."""
    current = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\s*([^\]]*?)\s*\]", line):
            current = header[1].replace('"', "").replace("'", "").replace(" ", "")
            if not name and current == table:
                return f", line {number}"
        elif name and current == table and re.match(rf"""\s*["']?{re.escape(name)}["']?\s*[=.]""", line):
            return f", line {number}"
    return ""
