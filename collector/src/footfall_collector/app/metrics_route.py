"""`/metrics`: the state of the collector for Prometheus. `probes` has `/healthz` and `/readyz`."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ..answer import ReadGate
from ..runtime import Status
from ..show import gated


def metrics_route(status: Status, gate: ReadGate) -> Route:
    def metrics(request: Request) -> Response:
        del request
        return PlainTextResponse(status.prometheus(), media_type="text/plain; version=0.0.4")

    return Route("/metrics", gated(gate, metrics, lambda _: "metrics", first=True))
