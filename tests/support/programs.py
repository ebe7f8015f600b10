"""Programs that tests run beside a collector, such as proxies, and what their configurations have in common."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.setup.find_program import find_path, provided
from tests.support.waiting import wait_for

_NGINX = """
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
{server}
}}
"""
_HAPROXY = """
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
{site}"""


def nginx_config(folder: Path, server: str) -> str:
    """What Debian's `nginx.conf` has around a site, with all files in a folder."""
    return _NGINX.format(folder=folder, server=server)


def haproxy_config(site: str) -> str:
    """What Debian's `haproxy.cfg` has before a site, but for its log and its pages of errors."""
    return _HAPROXY.format(site=site)


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
