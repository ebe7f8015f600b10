"""Proxy and certificate settings from their usual environment variables, read when a connection is made."""

import re
from collections.abc import Mapping
from os.path import isdir
from typing import Any
from urllib.parse import unquote, urlsplit

_MAX_BUNDLE_BYTES = 4 << 20


def proxy_for(url: str, environ: Mapping[str, str]) -> str | None:
    """The proxy for an address, from `https_proxy`, `http_proxy`, `all_proxy` and `no_proxy` in either case."""
    _, proxy = _proxy_variable(url, environ)
    if not proxy:
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def connection_problems(url: str, environ: Mapping[str, str]) -> list[str]:
    """Whole sentences about variables for proxies and certificates with which no connection to `url` can be made."""
    name, proxy = _proxy_variable(url, environ)
    problems = []
    if proxy and (problem := _proxy_problem(proxy_for(url, environ) or "")):
        problems.append(f"{name} {problem}; nothing can be sent through it")
    if url.startswith("https:") or proxy.lower().startswith("https:"):
        problems += _certificate_problems(environ)
    return problems


def _proxy_problem(proxy: str) -> str:
    """Why a proxy's address can't be used, without the address, which may hold a password; empty where it can."""
    # By file: the package does not load it while telemetry is off.
    from ...settings.destination import AddressError, normal_address

    scheme, _, after = proxy.partition("://")
    if scheme.lower() not in ("http", "https"):
        return "is no http:// or https:// proxy"
    authority = re.split(r"[/?#]", after, maxsplit=1)[0]
    credentials, _, address = authority.rpartition("@")
    try:
        normal_address(f"{scheme}://{address}")
        unquote(credentials, errors="strict").encode("latin-1")
    except AddressError as error:
        return str(error)
    except UnicodeError:
        return "has a user name or a password with a character that can't be sent"
    return ""


def _certificate_problems(environ: Mapping[str, str]) -> list[str]:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        path = environ.get(name, "")
        if path:
            problem = "" if isdir(path) and name != "SSL_CERT_FILE" else _bundle_problem(path)
            return [f"{name} {problem}; no server's certificate can be verified with it"] if problem else []
    return []


def _bundle_problem(path: str) -> str:
    try:
        with open(path, "rb") as file:
            certificates = b"-----BEGIN " in file.read(_MAX_BUNDLE_BYTES)
    except (OSError, ValueError):
        return "names a file that can't be read"
    return "" if certificates else "names a file without PEM certificates"


def _proxy_variable(url: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """Name and value of the variable that names the proxy for an address; both empty where there is none."""
    parts = urlsplit(url)
    if _excluded(parts.hostname or "", parts.port, _variable(environ, "no_proxy")[1]):
        return "", ""
    # HTTP_PROXY in capitals can be set by a client's header in CGI programs; lower case can't.
    in_cgi = parts.scheme == "http" and "REQUEST_METHOD" in environ
    own = ("http_proxy", environ.get("http_proxy", "")) if in_cgi else _variable(environ, f"{parts.scheme}_proxy")
    return own if own[1] else _variable(environ, "all_proxy")


def _variable(environ: Mapping[str, str], name: str) -> tuple[str, str]:
    value = environ.get(name, "")
    return (name, value) if value else (name.upper(), environ.get(name.upper(), ""))


def _excluded(host: str, port: int | None, no_proxy: str) -> bool:
    """Whether a list such as `localhost,.svc,10.0.0.0/8,example.org:8443` contains a host. `*` contains all."""
    entries = [entry for entry in (e.strip().lower() for e in no_proxy.replace(" ", ",").split(",")) if entry]
    address = _address(host)
    for entry in entries:
        if entry == "*" or (address is not None and _network_has(entry, address)):
            return True
        name, _, entry_port = entry.rpartition(":") if entry.count(":") == 1 else (entry, "", "")
        name = (name or entry).lstrip("*").lstrip(".")
        if name and (host == name or host.endswith("." + name)) and (not entry_port or entry_port == str(port)):
            return True
    return False


def _address(host: str) -> Any:
    # Imported late, and only for a host that looks like an address: most hosts are names.
    if not host.replace(".", "").isdigit() and ":" not in host:
        return None
    from ipaddress import ip_address

    try:
        return ip_address(host)
    except ValueError:
        return None


def _network_has(entry: str, address: Any) -> bool:
    from ipaddress import ip_network

    try:
        return address in ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        return False


def certificates_from(environ: Mapping[str, str]) -> str | None:
    """The CA bundle that is set for HTTP clients; OpenSSL reads SSL_CERT_FILE and SSL_CERT_DIR itself."""
    return environ.get("REQUESTS_CA_BUNDLE") or environ.get("CURL_CA_BUNDLE") or None
