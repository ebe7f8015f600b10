"""Real proxies with TLS before a collector, as their documentation and Debian's packages configure them."""

import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPSConnection
from pathlib import Path

from tests.support.programs import free_port, haproxy_config, nginx_config, program, running
from tests.support.waiting import wait_for

NAME = "stats.example.org"
"""The name by which browsers reach the collector."""
SECRET = "correct horse battery"
"""What people sign in with."""
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
https://{name}:{port} {{
    bind 127.0.0.1
    tls {pem} {pem}
    {handler} {location}* {{
        reverse_proxy 127.0.0.1:{upstream}
    }}
}}
"""
_HAPROXY = """
listen proxy
    bind 127.0.0.1:{port} ssl crt {pem}
    option forwardfor
    http-request set-header X-Forwarded-Proto https
    {strip}
    server upstream 127.0.0.1:{upstream}
"""
_TRAEFIK_STATIC = """
global:
  checkNewVersion: false
entryPoints:
  websecure:
    address: 127.0.0.1:{port}
providers:
  file:
    filename: {file}
"""
_TRAEFIK = """
http:
  routers:
    proxy:
      rule: Host(`{name}`) && PathPrefix(`{location}`)
      entryPoints: [websecure]
      service: upstream
      middlewares: {middlewares}
      tls: {{}}
  middlewares:
    strip:
      stripPrefix:
        prefixes: ["{location}"]
  services:
    upstream:
      loadBalancer:
        servers:
          - url: http://127.0.0.1:{upstream}
tls:
  certificates:
    - certFile: {pem}
      keyFile: {pem}
"""


@dataclass(frozen=True)
class Proxy:
    """A kind of proxy.

    Attributes:
        program: `nginx`, `caddy`, `haproxy` or `traefik`.
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
        with proxy_running(self.program, self._config(port, upstream, folder, base_path), folder, port, base_path):
            yield f"http{'s' if self.tls else ''}://{NAME}:{port}{base_path}"

    def _config(self, port: int, upstream: int, folder: Path, base: str) -> str:
        templates = {"nginx": _NGINX_SERVER, "caddy": _CADDY, "haproxy": _HAPROXY, "traefik": _TRAEFIK}
        return templates[self.program].format(
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
            middlewares="[strip]" if self.strips else "[]",
        )


@contextmanager
def proxy_running(name: str, site: str, folder: Path, port: int, base_path: str = "") -> Iterator[None]:
    """A running proxy with the configuration of one site, which listens on the port. All its files are in a folder."""
    config = folder / f"{name}.conf"
    if name == "traefik":
        config = config.with_suffix(".yaml")
        config.write_text(site)
        (folder / "static.yaml").write_text(_TRAEFIK_STATIC.format(port=port, file=config))
    else:
        whole = {
            "nginx": nginx_config(folder, site),
            "caddy": _caddy_config(folder, site),
            "haproxy": haproxy_config(site),
        }
        config.write_text(whole[name])
    command = {
        "nginx": ["-c", str(config), "-p", str(folder)],
        "caddy": ["run", "--config", str(config), "--adapter", "caddyfile"],
        "haproxy": ["-db", "-f", str(config)],
        "traefik": [f"--configFile={folder / 'static.yaml'}"],
    }[name]
    # Caddy writes its configuration below this directory.
    with running(["env", f"XDG_CONFIG_HOME={folder}", program(name), *command], port):
        if name == "traefik":
            # It listens before it has read the site.
            wait_for(lambda: _answers(port, f"{base_path}/healthz"), "the site in Traefik")
        yield


def _answers(port: int, path: str) -> bool:
    connection = HTTPSConnection("127.0.0.1", port, timeout=10, context=ssl._create_unverified_context())
    try:
        connection.request("GET", path, headers={"Host": f"{NAME}:{port}"})
        return connection.getresponse().status == 200
    except OSError:  # no certificate yet
        return False
    finally:
        connection.close()


def _caddy_config(folder: Path, site: str) -> str:
    return f"{{\n    admin off\n    auto_https off\n    storage file_system {folder}/caddy\n}}\n{site}"


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
    "traefik": Proxy("traefik"),
}
