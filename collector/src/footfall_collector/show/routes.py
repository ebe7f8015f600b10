"""What people and programs see of the data: pages, JSON, files. It reaches data only through `Answers`."""

from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route

from ..answer import Answers
from ..runtime import Settings, Status
from .api import Api
from .mcp import PATH as ASSISTANT
from .mcp import Assistant
from .pages import Assets, Pages, SecurityHeaders
from .public import Public


def routes(assets: Assets, answers: Answers, status: Status, settings: Settings) -> list[BaseRoute]:
    """All routes of the dashboard: the pages, `/api/…` and `/static/…`, each with the security headers."""
    api = Api(answers, status, settings)
    guarded = [Middleware(SecurityHeaders)]
    found = [
        Route("/static/{version}/{path:path}", assets.serve, middleware=guarded),
        *(Route(path, endpoint, middleware=guarded) for path, endpoint in api.endpoints()),
        *(Route(path, endpoint, middleware=guarded) for path, endpoint in Pages(assets, answers).endpoints()),
        *(
            Route(path, endpoint, middleware=guarded)
            for path, endpoint in Public(assets, answers, settings).endpoints()
        ),
        Route(ASSISTANT, Assistant(answers, status), middleware=guarded),
    ]
    return list(found)
