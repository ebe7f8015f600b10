"""All routes of the dashboard, each with the security headers."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route

from ..answer import Answers, ReadGate, SavedSegments
from ..runtime import Settings, Status
from .api import LINKS_PATH, SEGMENTS_PATH, Api, LinksApi, SegmentsApi
from .mcp import PATH as MCP_PATH
from .mcp import AboutPage, McpEndpoint, PageOrigins
from .pages import Assets, Pages, SecurityHeaders
from .public import PublicPages


def routes(
    assets: Assets,
    answers: Answers,
    assistant_answers: Answers,
    gate: ReadGate,
    status: Status,
    settings: Settings,
    trusted_time: Callable[[], float],
    secret: bytes,
    origins: PageOrigins,
    saved: SavedSegments,
    changes: Mapping[str, Callable[..., Any]],
) -> list[BaseRoute]:
    """`trusted_time`: epoch seconds that no wrong clock moves forward; months are published by it.

    `assistant_answers` are those of `/mcp`, which may show fewer names, and `origins` says which pages may use it. The
    noise of published numbers is drawn from `secret`. `changes` are the functions that change `saved` segments
    and read-only links.
    """
    headers = [Middleware(SecurityHeaders)]
    endpoints = [
        *Api(answers, status, gate, assets.root).endpoints(),
        *Pages(assets, answers, status, gate, settings.documentation, settings.embed_origins).endpoints(),
        *PublicPages(assets, answers, settings, trusted_time, secret, gate).endpoints(),
    ]
    about = AboutPage(assets, settings.documentation, bool(settings.sign_in_secret))
    return [
        Route("/static/{version}/{path:path}", assets.serve, middleware=headers),
        *(Route(path, endpoint, middleware=headers) for path, endpoint in endpoints),
        *_changing_routes(SegmentsApi(answers, saved, changes), LinksApi(changes)),
        Route(
            MCP_PATH,
            McpEndpoint(assistant_answers, gate, status, origins, about, shows_all_names=assistant_answers is answers),
            middleware=headers,
        ),
    ]


def _changing_routes(segments: SegmentsApi, links: LinksApi) -> list[BaseRoute]:
    endpoints = ((SEGMENTS_PATH, segments.endpoint), (LINKS_PATH, links.endpoint))
    methods = ["GET", "POST", "PATCH", "DELETE"]
    return [Route(path, each, methods=methods, middleware=[Middleware(SecurityHeaders)]) for path, each in endpoints]
