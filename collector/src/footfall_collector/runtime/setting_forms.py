"""What the text of a setting must look like, and where in a TOML file it stands, for the message that stops a start."""

import difflib
import ipaddress
import re
from collections.abc import Iterable
from pathlib import Path

LEAST_SECRET = 12
PRODUCT_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
PRODUCT_FORM = "a product's name is lower-case words joined by '-', such as dot-ai"
WILDCARDS = ("0.0.0.0", "::", "[::]", "")  # noqa: S104 -- compared with, not bound to
"""Hosts that stand for every address of the machine."""
_HOST_NAME = re.compile(r"\*|\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*", re.IGNORECASE)
_LOG_FORMATS = ("text", "json")
_MEMORY = re.compile(r"(\d+(?:\.\d+)?) ?(?:([kmgt])(i?)b)", re.IGNORECASE)
_LEAST_MEMORY = 128_000_000
"""With 64 MB the engine can't take in one segment; events would wait in the journal for ever."""


class SettingsError(Exception):
    """A setting that can't be used; the message names its place, what is wrong and what to write instead."""


def problem_of(form: str, text: str) -> str | None:
    """What to write instead of `text`; None where it has the form; `` is the form of any text."""
    if form == "network":
        try:
            ipaddress.ip_network(text, strict=False)
        except ValueError:
            return "write addresses or networks, such as 10.0.0.0/8 or ::1"
    elif form == "host_name" and not _is_host(text):
        return "write a host name such as a.org or .a.org, without http:// and port; IPv6 in brackets, `*` for any"
    elif form == "log_format" and text not in _LOG_FORMATS:
        return "write `text` or `json`"
    elif form == "memory" and _bytes_of(text) < _LEAST_MEMORY:
        return "write a size of at least 128MB, such as 256MB or 1GB"
    elif form == "sign_in" and text:
        return _problem_of_secret(text)
    elif form == "store" and text != "duckdb" and not text.startswith("clickhouse://"):
        return "write `duckdb`, or clickhouse://user@host:9000/database"
    return None


def _is_host(text: str) -> bool:
    if not text.startswith("["):
        return _HOST_NAME.fullmatch(text) is not None
    try:
        # Either kind of address: the charts put the pod's into brackets without knowing which it is.
        ipaddress.ip_address(text[1:-1])
    except ValueError:
        return False
    return text.endswith("]")


def _problem_of_secret(text: str) -> str | None:
    if len(text) < LEAST_SECRET:
        return f"it is shorter than {LEAST_SECRET} characters; make one: openssl rand -hex 24"
    if text.startswith("$argon2"):
        # Late: most commands have no secret to look at.
        import argon2

        try:
            argon2.extract_parameters(text)
        except argon2.exceptions.InvalidHashError:
            return "it begins as an argon2 hash and is none; write the whole hash, or the secret itself"
    return None


def _bytes_of(text: str) -> float:
    """The bytes of a size as DuckDB reads it, 0 for what is none."""
    size = _MEMORY.fullmatch(text.strip())
    if size is None:
        return 0.0
    return float(size[1]) * (1024.0 if size[3] else 1000.0) ** (1 + "kmgt".index(size[2].lower()))


def meant(name: str, known: Iterable[str]) -> str:
    """`; did you mean …?` for a name that is nearly one of the known ones, else nothing."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean `{close[0]}`?" if close else ""


def no_such_product(name: str, known: Iterable[str], data: Path) -> str:
    """What to do where `--product` names none of the collector's products."""
    found = f"--product {name}: no such product; known are {', '.join(known)}"
    if not PRODUCT_NAME.fullmatch(name):
        return f"{found}; {PRODUCT_FORM}"
    return f"{found}. Add [products.{name}] to {data / 'footfall.toml'}, then restart the collector"


def line_of(text: str, name: str, table: str = "") -> str:
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
