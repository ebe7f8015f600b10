"""Real HAProxy and nginx before a collector, each with an address of its own on loopback."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.setup.find_program import find_path, provided
from tests.support.waiting import wait_for

HAPROXY, NGINX = "127.5.255.1", "127.5.255.2"
"""The addresses from which the proxies connect to the collector or to each other."""
_HAPROXY_CONFIG = """
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
listen proxy
    bind 127.0.0.1:{port}
    option forwardfor
    server upstream 127.0.0.1:{upstream} source {source}
"""
_NGINX_CONFIG = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
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
}}
"""


@contextmanager
def haproxy(folder: Path, upstream: int) -> Iterator[int]:
    """The port of a HAProxy that forwards to `upstream`; it adds a line of X-Forwarded-For."""
    port, config = free_port(), folder / "haproxy.cfg"
    config.write_text(_HAPROXY_CONFIG.format(port=port, upstream=upstream, source=HAPROXY))
    with running([program("haproxy"), "-db", "-f", str(config)], port):
        yield port


@contextmanager
def nginx(folder: Path, upstream: int) -> Iterator[int]:
    """The port of an nginx that forwards to `upstream`; it appends to the line of X-Forwarded-For."""
    port, config = free_port(), folder / "nginx.conf"
    config.write_text(_NGINX_CONFIG.format(port=port, upstream=upstream, source=NGINX, folder=folder))
    with running([program("nginx"), "-c", str(config), "-p", str(folder)], port):
        yield port


def program(name: str) -> str:
    assert provided(name), f"these tests need {name}"
    return str(find_path(name))


@contextmanager
def running(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def listens() -> bool:
        assert process.poll() is None, f"{command} ended with {process.returncode}"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        wait_for(listens, command[0])
        yield
    finally:
        process.terminate()
        process.wait(20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
