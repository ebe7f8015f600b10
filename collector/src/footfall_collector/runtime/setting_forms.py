"""The forms that the text of a setting can have, as annotated types: msgspec checks the pattern, `check` the rest.

`extra` of a `Meta` may hold:
- `fix`: the sentence that says what to write, where the pattern or the list of words does not match;
- `check`: a function of the text, which returns such a sentence, or None where the text is right;
- `secret`: the setting has no flag, and its value is never repeated;
- `private`: the value is never repeated, because a part of it may be secret.
"""

import ipaddress
import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from msgspec import Meta

MIN_SECRET_LENGTH = 12
WILDCARD_HOSTS = ("0.0.0.0", "::", "[::]", "")  # noqa: S104 -- compared with, not bound to
"""Hosts that stand for every address of the machine."""

_MEMORY_SIZE = r"(?i)^\s*(\d+(?:\.\d+)?) ?([kmgt])(i?)b\s*\Z"
_MIN_MEMORY = 128_000_000
"""With 64 MB DuckDB can't load one segment, and events would wait in the journal for ever."""
_NETWORK_FIX = "write addresses or networks, such as 10.0.0.0/8 or ::1"
_HOST_FIX = "write a host name such as a.org or .a.org, without http:// and port; IPv6 in brackets, `*` for any"
OWN_PATHS = frozenset(
    (
        "access",
        "webhooks",
        "api",
        "array",
        "batch",
        "capture",
        "clients",
        "data-health",
        "decide",
        "e",
        "embed",
        "engage",
        "errors",
        "events",
        "flags",
        "healthz",
        "i",
        "mcp",
        "metrics",
        "next",
        "public",
        "readyz",
        "s",
        "shared",
        "sign-in",
        "sign-out",
        "static",
        "things",
        "tools",
        "track",
    )
)
"""The first parts of the collector's own paths. A proxy may remove the base path or not, so the two must differ."""
_BASE_PATH_FIX = "write the path below which a proxy serves the collector, such as /stats, without a slash at its end"
_MEMORY_FIX = "write a size of at least 128MB, such as 256MB or 1GB"


def _network_problem(text: str) -> str | None:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return _NETWORK_FIX
    return None


def _host_problem(text: str) -> str | None:
    if ":" not in text and not text.startswith("["):
        return None
    try:
        # Either kind of address, bare and in brackets: charts write the pod's both ways without knowing its kind.
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return _HOST_FIX
    return None


def _base_path_problem(text: str) -> str | None:
    first = text.strip("/").partition("/")[0].lower()
    if first in OWN_PATHS:
        return f"{_BASE_PATH_FIX}; /{first} is a path of the collector's own, so choose another one"
    return None


def _memory_problem(text: str) -> str | None:
    size = re.match(_MEMORY_SIZE, text)
    if size is None:
        return _MEMORY_FIX
    number, unit, binary = size.groups()
    size_bytes = float(number) * (1024.0 if binary else 1000.0) ** (1 + "kmgt".index(unit.lower()))
    return _MEMORY_FIX if size_bytes < _MIN_MEMORY else None


def sign_in_secret_problem(text: str) -> str | None:
    """What is wrong with a sign-in secret and what to write instead; None where it can be used or is empty."""
    if not text:
        return None
    if not text.isascii() and any("\ud800" <= each <= "\udfff" for each in text):
        return "it has bytes that are no UTF-8, which no browser can send; make one: openssl rand -hex 24"
    if len(text) < MIN_SECRET_LENGTH:
        return f"it is shorter than {MIN_SECRET_LENGTH} characters; make one: openssl rand -hex 24"
    if text.startswith("$argon2"):
        # Late: most commands have no secret to check.
        import argon2

        try:
            argon2.extract_parameters(text)
        except argon2.exceptions.InvalidHashError:
            return "it begins as an argon2 hash and is none; write the whole hash, or the secret itself"
    return None


HostName = Annotated[
    str,
    Meta(
        pattern=r"(?i)^(\*|\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*|\[.*\]|[0-9a-f]*:[0-9a-f:.]*)\Z",
        extra={"fix": _HOST_FIX, "check": _host_problem},
    ),
]
BasePath = Annotated[
    str,
    Meta(
        pattern=r"^((/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+)?\Z",
        extra={"fix": _BASE_PATH_FIX, "check": _base_path_problem},
    ),
]
Network = Annotated[str, Meta(extra={"check": _network_problem})]
MemorySize = Annotated[str, Meta(pattern=_MEMORY_SIZE, extra={"fix": _MEMORY_FIX, "check": _memory_problem})]
SignInSecretText = Annotated[str, Meta(extra={"secret": True, "check": sign_in_secret_problem})]
SecretText = Annotated[str, Meta(extra={"secret": True})]
StoreAddress = Annotated[
    str,
    Meta(
        pattern=r"^(duckdb\Z|clickhouse://)",
        # A store's address may have a password in it.
        extra={"fix": "write `duckdb`, or clickhouse://user@host:9000/database", "private": True},
    ),
]
LogFormat = Annotated[Literal["text", "json"], Meta(extra={"fix": "write `text` or `json`"})]

_URL_HOST = r"([A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])"
Origin = Annotated[
    str,
    Meta(
        pattern=rf"^https?://{_URL_HOST}(:[0-9]{{1,5}})?\Z",
        extra={"fix": "write an origin such as https://wiki.example.com, without a path"},
    ),
]
Webhook = Annotated[
    str,
    Meta(
        pattern=rf"^(slack|mattermost|discord|generic):https?://{_URL_HOST}(:[0-9]{{1,5}})?(/[!-\"$-~]*)?\Z",
        # The path of a chat's webhook is its password.
        extra={
            "fix": "write `slack:`, `mattermost:`, `discord:` or `generic:` and the webhook's URL, without a user "
            "name, such as slack:https://hooks.slack.com/services/…",
            "secret": True,
        },
    ),
]
WebAddress = Annotated[
    str,
    Meta(
        pattern=rf"^(https?://{_URL_HOST}(:[0-9]{{1,5}})?(/[A-Za-z0-9._~/-]*[A-Za-z0-9._~-])?)?\Z",
        extra={"fix": "write an http or https address such as https://docs.example.org, without a slash at its end"},
    ),
]
MailAddress = Annotated[
    str,
    Meta(
        pattern=r"^([A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+)?\Z",
        extra={"fix": "write an e-mail address such as ops@example.org, without a name"},
    ),
]
MailServer = Annotated[
    str,
    Meta(
        pattern=rf"^((smtps?|smtp\+plain)://([A-Za-z0-9._%+@-]+@)?{_URL_HOST}(:[0-9]{{1,5}})?)?\Z",
        extra={
            "fix": "write smtp://user@host:587, smtps://user@host:465 or smtp+plain://host:25; the password is a "
            "setting of its own",
            "private": True,
        },
    ),
]
ALERT_RULES = (
    "regression",
    "error-rate",
    "active-instances",
    "no-events",
    "refusals",
    "disk",
    "new-error-class",
    "collector",
)
AlertRuleText = Annotated[
    str,
    Meta(
        pattern=rf"^({'|'.join(ALERT_RULES)})(:off|:[0-9]{{1,6}}(:[0-9]{{1,4}})?)\Z",
        extra={
            "fix": f"write RULE:off, RULE:MINIMUM or RULE:MINIMUM:QUIET_HOURS; rules are {', '.join(ALERT_RULES)}",
        },
    ),
]
Weekday = Annotated[
    Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "never"],
    Meta(extra={"fix": "write a day such as `monday`, or `never`"}),
]


def to_path(kind: type, value: object) -> Path:
    """The hook that converts a text to a path. Raises msgspec.ValidationError for what is no path."""
    if kind is not Path:
        raise NotImplementedError(f"settings have no type {kind}")
    if not isinstance(value, (str, Path)) or not str(value):
        raise msgspec.ValidationError("no path")
    return Path(value)


@dataclass(frozen=True)
class Setting:
    """One setting of a table: a field whose type is annotated.

    Attributes:
        type: `int`, `float`, `str`, `Path`, `tuple[str, ...]` or a `Literal` of texts.
        annotation: the type with its `Meta`s.
        item: of a list: the type of an item with its `Meta`s.
    """

    name: str
    type: Any
    annotation: Any
    item: Any
    default: Any

    @property
    def description(self) -> str:
        return next(meta.description for meta in _metas(self.annotation) if meta.description)

    @property
    def minimum(self) -> float | None:
        return next((meta.ge for meta in _metas(self.annotation) if meta.ge is not None), None)

    @property
    def maximum(self) -> float | None:
        return next((meta.le for meta in _metas(self.annotation) if meta.le is not None), None)

    @property
    def secret(self) -> bool:
        """Whether the setting has no flag and its value is never repeated."""
        return bool(extra(self.annotation).get("secret"))


def settings_in(table: type) -> tuple[Setting, ...]:
    """The settings of a dataclass: every field with an annotated type, in order."""
    settings = []
    for item in fields(table):
        if get_origin(item.type) is not Annotated:
            continue
        kind = get_args(item.type)[0]
        is_list = get_origin(kind) is tuple
        settings.append(
            Setting(
                name=item.name,
                type=tuple[str, ...] if is_list else kind,
                annotation=item.type,
                item=get_args(kind)[0] if is_list else None,
                default=item.default,
            )
        )
    return tuple(settings)


def extra(annotation: Any) -> dict[str, Any]:
    """`Meta.extra` of all metadata of an annotated type; see `setting_forms`."""
    return {name: value for meta in _metas(annotation) for name, value in (meta.extra or {}).items()}


def _metas(annotation: Any) -> list[Meta]:
    if get_origin(annotation) is not Annotated:
        return []
    return [item for item in get_args(annotation)[1:] if isinstance(item, Meta)]
