"""Real proxies with TLS before a collector, as their documentation and Debian's packages configure them."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.attacks.proxies import free_port, program, running

NAME = "stats.example.org"
"""The name by which browsers reach the collector."""
SECRET = "correct horse battery"
"""What people sign in with."""
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
_NGINX_SERVER = """
server {{
    listen 127.0.0.1:{port} {tls};
    server_name {name};
    ssl_certificate {pem};
    ssl_certificate_key {pem};
    location {location} {{
        proxy_pass http://127.0.0.1:{upstream}{target};
        {headers}
    }}
}}
"""
_CADDY = """
{{
    admin off
    auto_https off
    storage file_system {folder}/caddy
}}
https://{name}:{port} {{
    bind 127.0.0.1
    tls {pem} {pem}
    {handler} {location}* {{
        reverse_proxy 127.0.0.1:{upstream}
    }}
}}
"""
_HAPROXY = """
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
listen proxy
    bind 127.0.0.1:{port} ssl crt {pem}
    option forwardfor
    http-request set-header X-Forwarded-Proto https
    {strip}
    server upstream 127.0.0.1:{upstream}
"""


@dataclass(frozen=True)
class Proxy:
    """A kind of proxy.

    Attributes:
        program: `nginx`, `caddy` or `haproxy`.
        headers: nginx's lines on headers; none is its default, which passes the upstream's address as Host.
        tls: whether browsers reach it over TLS.
        strips: whether it removes the base path.
    """

    program: str
    headers: str = ""
    tls: bool = True
    strips: bool = False

    @contextmanager
    def before(self, upstream: int, folder: Path, base_path: str = "") -> Iterator[str]:
        """The address of a running proxy that forwards to the port `upstream`; it ends with `base_path`."""
        folder.mkdir(parents=True, exist_ok=True)
        port = free_port()
        config = folder / f"{self.program}.conf"
        config.write_text(self._config(port, upstream, folder, base_path))
        command = {
            "nginx": ["-c", str(config), "-p", str(folder)],
            "caddy": ["run", "--config", str(config), "--adapter", "caddyfile"],
            "haproxy": ["-db", "-f", str(config)],
        }[self.program]
        # Caddy writes its configuration below this directory.
        home = ["env", f"XDG_CONFIG_HOME={folder}"]
        with running([*home, program(self.program), *command], port):
            yield f"http{'s' if self.tls else ''}://{NAME}:{port}{base_path}"

    def _config(self, port: int, upstream: int, folder: Path, base: str) -> str:
        template = {"nginx": _NGINX_SERVER, "caddy": _CADDY, "haproxy": _HAPROXY}[self.program]
        made = template.format(
            port=port,
            upstream=upstream,
            folder=folder,
            name=NAME,
            pem=certificate(folder),
            tls="ssl" if self.tls else "",
            headers=self.headers,
            location=f"{base}/",
            target="/" if self.strips else "",
            handler="handle_path" if self.strips else "handle",
            strip=f"http-request replace-path {base}(/.*) \\1" if self.strips else "",
        )
        return nginx_config(folder, made) if self.program == "nginx" else made


def nginx_config(folder: Path, server: str) -> str:
    """What Debian's `nginx.conf` has around a site, with all files in a folder."""
    return _NGINX.format(folder=folder, server=server)


@contextmanager
def nginx_site(folder: Path, server: str, port: int) -> Iterator[None]:
    """A running nginx with one site, which listens on the port."""
    config = folder / "nginx.conf"
    config.write_text(nginx_config(folder, server))
    with running([program("nginx"), "-c", str(config), "-p", str(folder)], port):
        yield


def certificate(folder: Path) -> Path:
    """A certificate of NAME with its key, signed by itself."""
    pem = folder / "server.pem"
    names = f"subjectAltName=DNS:{NAME},DNS:localhost,IP:127.0.0.1"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    options = ["-days", "2", "-subj", f"/CN={NAME}", "-addext", names, "-keyout", f"{pem}.key", "-out", str(pem)]
    subprocess.run([*command, *options], check=True, capture_output=True)
    pem.write_text(pem.read_text() + Path(f"{pem}.key").read_text())
    return pem


HOST = "proxy_set_header Host $host;"
HTTP_HOST = "proxy_set_header Host $http_host;"
PROXIES = {
    "nginx by default": Proxy("nginx"),
    "nginx with $host": Proxy("nginx", HOST),
    "nginx with $http_host": Proxy("nginx", HTTP_HOST),
    "caddy": Proxy("caddy"),
    "haproxy": Proxy("haproxy"),
}
