"""The API server of the current kubeconfig context, and the credentials for it. Starts no program and no connection.

Login plugins (`exec`, `auth-provider`) are never run: they may open a browser, prompt, or call a cloud API. YAML needs
the host's `yaml` module; without it only kubeconfigs written as JSON can be read.
"""

import codecs
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from ...runtime.nesting import is_nested_deep
from .facts import LookupOutcome, kubeconfig_paths

_MAX_FILE_BYTES = 1 << 20
_DEEP_LINE = re.compile(rb"[\t ?:-]{200}")
"""Nested by indentation, or in one line; a kubeconfig is six deep."""
_TRUE = "true"


class NoAnswerError(Exception):
    """The look-up failed; `outcome` says why in a word of `LookupOutcome`, which names no host, path or user."""

    def __init__(self, outcome: LookupOutcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


@dataclass(frozen=True)
class Endpoint:
    """An API server and how to sign in.

    Attributes:
        source: `in-cluster` or `kubeconfig`.
        server: its address, `https://10.0.0.1:443`, optionally with a path.
        token: bearer token, empty for none.
        authorities: PEM text of the CAs to trust, empty for the system's.
        verify: False only if the kubeconfig says `insecure-skip-tls-verify`.
        server_name: the name to expect in the server's certificate; empty for the host of `server`.
        certificate, key: the client's, each a path (str) or PEM (bytes); None for none.
    """

    source: LookupOutcome
    server: str
    token: str = field(default="", repr=False)
    authorities: str = ""
    verify: bool = True
    server_name: str = ""
    certificate: str | bytes | None = None
    key: str | bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class _Entry:
    """One cluster, user or context. Relative paths in it start at the directory of its file."""

    values: dict[object, object]
    directory: str

    def text(self, name: str) -> str:
        value = self.values.get(name)
        return value if type(value) is str else ""

    def path(self, name: str) -> str:
        value = self.text(name)
        return os.path.join(self.directory, value) if value else ""

    def data(self, name: str) -> bytes:
        import base64

        try:
            return base64.b64decode(self.text(name))
        except ValueError:
            raise NoAnswerError("kubeconfig not readable") from None


_Sections = dict[str, dict[str, _Entry]]


def read_file(path: str) -> bytes | None:
    """The content of a small regular file; None for anything else.

    A kubeconfig may be a pipe (`KUBECONFIG=<(…)`), which can be read once only. That reader must be the host.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return None
        with open(path, "rb") as file:
            content = file.read(_MAX_FILE_BYTES + 1)
    except (OSError, ValueError):  # ValueError: a null character in the path
        return None
    return content if len(content) <= _MAX_FILE_BYTES else None


def current_endpoint(environ: Mapping[str, str]) -> Endpoint:
    """The API server of the current context of KUBECONFIG (or `~/.kube/config`).

    Raises:
        NoAnswerError: there is none, or it can be reached only by a plugin or a proxy.
    """
    current, sections = _merge(kubeconfig_paths(environ))
    context = sections["contexts"].get(current)
    cluster = sections["clusters"].get(context.text("cluster")) if context else None
    if context is None or cluster is None or not cluster.text("server"):
        raise NoAnswerError("no cluster")
    if cluster.text("proxy-url"):
        raise NoAnswerError("needs a proxy")
    server = cluster.text("server")
    server = server if "://" in server else f"https://{server}"
    # Like kubectl: credentials never travel over plain HTTP.
    user = sections["users"].get(context.text("user")) if server.lower().startswith("https://") else None
    insecure = cluster.values.get("insecure-skip-tls-verify")
    return Endpoint(
        source="kubeconfig",
        server=server,
        token=_user_token(user),
        authorities=_trusted_authorities(cluster),
        verify=not (insecure is True or (type(insecure) is str and insecure.lower() == _TRUE)),
        server_name=cluster.text("tls-server-name"),
        certificate=_client_credential(user, "client-certificate"),
        key=_client_credential(user, "client-key"),
    )


def _merge(paths: list[str]) -> tuple[str, _Sections]:
    """The current context's name, and the entries by name. As in kubectl, the first file that defines a name wins."""
    current = ""
    sections: _Sections = {"contexts": {}, "clusters": {}, "users": {}}
    unreadable = False
    for path in paths:
        document = _parse(read_file(path))
        if document is None:
            unreadable = unreadable or os.path.lexists(path)
            continue
        values = _Entry(document, os.path.dirname(path))
        current = current or values.text("current-context")
        for section, entries in sections.items():
            for name, entry in _entries(document.get(section), section[:-1]):
                entries.setdefault(name, _Entry(entry, values.directory))
    if not current and unreadable:
        raise NoAnswerError("kubeconfig not readable")
    return current, sections


def _entries(items: object, kind: str) -> list[tuple[str, dict[object, object]]]:
    entries: list[tuple[str, dict[object, object]]] = []
    for item in items if isinstance(items, list) else []:
        if isinstance(item, dict):
            name, entry = item.get("name"), item.get(kind)
            if type(name) is str and isinstance(entry, dict):
                entries.append((name, entry))
    return entries


def _parse(content: bytes | None) -> dict[object, object] | None:
    if content is None:
        return None
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # as PowerShell writes files
        content = content.decode("utf-16", "replace").encode("utf-8", "replace")
    if is_nested_deep(content) or _DEEP_LINE.search(content):
        return None
    try:
        document = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        document = _parse_yaml(content)
    return document if isinstance(document, dict) else None


def _parse_yaml(content: bytes) -> object:
    try:
        import yaml  # type: ignore[import-untyped,unused-ignore] # the host's module; its stubs are no dependency of ours
    except ImportError:
        return None
    # The base loader makes only strings, lists and dicts, so no tag can run code or raise. The loader in C is not used:
    # deep nesting overflows its stack and would crash the host.
    loader = getattr(yaml, "BaseLoader", None)
    failure = getattr(yaml, "YAMLError", None)
    if loader is None or failure is None:
        return None  # some other module named yaml
    try:
        return yaml.load(content, Loader=loader)  # noqa: S506 - BaseLoader is safer than SafeLoader
    except (failure, ValueError, RecursionError):
        return None


def _user_token(user: _Entry | None) -> str:
    if user is None:
        return ""
    # As in client-go a token file wins over a token, because it is the one that is refreshed.
    content = read_file(user.path("tokenFile")) if user.text("tokenFile") else None
    token = (content or b"").decode("ascii", "ignore").strip() or user.text("token").strip()
    plugin = any(user.values.get(name) for name in ("exec", "auth-provider", "username", "as"))
    if plugin and not token and not user.text("client-certificate") and not user.text("client-certificate-data"):
        raise NoAnswerError("unsupported login")
    if user.values.get("as"):
        raise NoAnswerError(
            "unsupported login"
        )  # without impersonation we would ask with more rights than the operator chose
    return token


def _trusted_authorities(cluster: _Entry) -> str:
    content: bytes | None = cluster.data("certificate-authority-data")
    if not content and cluster.text("certificate-authority"):
        content = read_file(cluster.path("certificate-authority"))
        if not content:
            raise NoAnswerError("tls")
    return (content or b"").decode("ascii", "ignore")


def _client_credential(user: _Entry | None, name: str) -> str | bytes | None:
    """The client's certificate or key: PEM from `-data`, else the path of a regular file."""
    if user is None:
        return None
    data = user.data(f"{name}-data")
    if data:
        return data
    path = user.path(name)
    if path and read_file(path) is None:
        raise NoAnswerError("tls")
    return path or None
