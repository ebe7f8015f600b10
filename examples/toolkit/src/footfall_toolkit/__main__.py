"""`python -m footfall_toolkit`: the toolkit over stdio or HTTP, instrumented with one line."""

import argparse
import sys
from collections.abc import Sequence

from footfall import Product, Telemetry
from footfall.mcp import instrument

from . import __version__
from .listening import AddressError, bind, serve
from .routes import add_routes
from .server import build_server

# No write key: this example is not the dot-ai project, so it sends nothing unless DOT_AI_POSTHOG_KEY names a key.
PRODUCT = Product("dot-ai", version=__version__, write_key="")

_EXAMPLE = """\
example:
  footfall-toolkit --transport streamable-http --port 8766
  then point an MCP client at http://127.0.0.1:8766/mcp

The cluster is found by KUBECONFIG, the pod's service account or ~/.kube/config. DOT_AI_TELEMETRY=false turns
usage analytics off.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until the client leaves or a signal ends it. 1: the address can't be listened on."""
    options = _options(arguments)
    server = build_server()
    add_routes(server)
    try:
        listener = None if options.transport == "stdio" else bind(options.host, options.port)
    except AddressError as error:
        print(f"footfall-toolkit: {error}", file=sys.stderr)
        return 1
    telemetry = Telemetry(PRODUCT)
    instrument(server, telemetry)
    if listener is None:
        server.run("stdio")
    else:
        serve(server, options.transport, listener)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "footfall-toolkit",
        description="Read-only Kubernetes tools as an MCP server named dot-ai.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--transport", choices=("stdio", "streamable-http", "sse"), default="stdio")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument("--port", type=int, default=8766, help="0 takes a free port (default %(default)s)")
    parser.add_argument("--version", action="version", version=f"footfall-toolkit {__version__}")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
