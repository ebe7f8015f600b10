"""Proxy and certificate settings from their usual environment variables, read when a connection is made."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit


def proxy_for(url: str, environ: Mapping[str, str]) -> str | None:
    """The proxy for an address, from `https_proxy`, `http_proxy`, `all_proxy` and `no_proxy` in either case."""
    parts = urlsplit(url)
    if _excluded(parts.hostname or "", parts.port, _variable(environ, "no_proxy")):
        return None
    # HTTP_PROXY in capitals can be set by a client's header in CGI programs; lower case can't.
    in_cgi = parts.scheme == "http" and "REQUEST_METHOD" in environ
    scheme_proxy = environ.get("http_proxy", "") if in_cgi else _variable(environ, f"{parts.scheme}_proxy")
    proxy = scheme_proxy or _variable(environ, "all_proxy")
    if not proxy:
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _variable(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name, "") or environ.get(name.upper(), "")


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
