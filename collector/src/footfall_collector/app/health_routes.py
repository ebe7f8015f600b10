"""`/healthz`, `/readyz` and `/metrics`: the state of the collector, for machines."""

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from ..answer import ReadGate
from ..runtime import Status
from ..show import gated


def health_routes(status: Status, gate: ReadGate) -> list[Route]:
    """The three routes. `/healthz` answers 200 while the process runs, and names its alarms."""

    async def healthz(request: Request) -> Response:
        del request
        names = [alarm.name for alarm in status.alarms()]
        return JSONResponse({"status": "alarm" if names else "ok", "alarms": names})

    async def readyz(request: Request) -> Response:
        del request
        ready = status.gauge("ready") == 1 and not status.gauge("journal_failing")
        return JSONResponse({"ready": ready}, status_code=200 if ready else 503)

    def metrics(request: Request) -> Response:
        del request
        return PlainTextResponse(status.prometheus(), media_type="text/plain; version=0.0.4")

    return [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", gated(gate, metrics, lambda _: "metrics", first=True)),
    ]
