"""What people and programs see of the data: pages, JSON, files. It reaches data only through `Answers`."""

from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route

from ..answer import Answers
from ..settings import Settings
from ..status import Status
from .api import Api
from .assets import Assets
from .assistant import PATH as ASSISTANT
from .assistant import Assistant
from .missing import missing
from .pages import Pages
from .public import Public
from .security import SecurityHeaders

__all__ = ["Assets", "missing", "routes"]


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
