"""Real HAProxy and nginx before a collector, each with an address of its own on loopback."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.programs import free_port, haproxy_config, nginx_config, program, running

HAPROXY, NGINX = "127.5.255.1", "127.5.255.2"
"""The addresses from which the proxies connect to the collector or to each other."""
_HAPROXY_SITE = """
listen proxy
    bind 127.0.0.1:{port}
    option forwardfor
    server upstream 127.0.0.1:{upstream} source {source}
"""
_NGINX_SERVER = """
server {{
    listen 127.0.0.1:{port};
    location / {{
        proxy_pass http://127.0.0.1:{upstream};
        proxy_bind {source};
        proxy_http_version 1.1;
        proxy_set_header Host localhost;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}
}}
"""


@contextmanager
def haproxy(folder: Path, upstream: int) -> Iterator[int]:
    """The port of a HAProxy that forwards to `upstream`; it adds a line of X-Forwarded-For."""
    port, config = free_port(), folder / "haproxy.cfg"
    config.write_text(haproxy_config(_HAPROXY_SITE.format(port=port, upstream=upstream, source=HAPROXY)))
    with running([program("haproxy"), "-db", "-f", str(config)], port):
        yield port


@contextmanager
def nginx(folder: Path, upstream: int) -> Iterator[int]:
    """The port of an nginx that forwards to `upstream`; it appends to the line of X-Forwarded-For."""
    port, config = free_port(), folder / "nginx.conf"
    config.write_text(nginx_config(folder, _NGINX_SERVER.format(port=port, upstream=upstream, source=NGINX)))
    with running([program("nginx"), "-c", str(config), "-p", str(folder)], port):
        yield port
