"""`/api/segments`: lists saved segments and views, and saves, renames and deletes them.

Sign-in comes before: who reads may list, and who signs in on a page of this collector, or sends the sign-in secret, may
change. A change is on disk when it is answered.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from ...answer import (
    Answers,
    FilterError,
    SavedSegments,
    SavedSegmentsError,
    SegmentExistsError,
    SegmentList,
    UnknownSegmentError,
)
from .answers import ApiError

SEGMENTS_PATH = "/api/segments"
MAX_BODY_BYTES, _MAX_BODY_SECONDS = 16 << 10, 10.0
_JSON = "application/json"
_NAME = Annotated[str, msgspec.Meta(max_length=200)]


class SegmentToSave(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST.

    Attributes:
        where: conditions, as in a query string.
        page: the page of a view.
        view: the other parameters of a view's address, such as `range`.
        replace: whether a segment of this name is replaced.
    """

    name: _NAME
    where: list[str] = []
    page: str = ""
    view: dict[str, str] = {}
    replace: bool = False


class SegmentRename(msgspec.Struct, forbid_unknown_fields=True):
    """The body of PATCH: the new name."""

    name: _NAME


class RefusedChangeError(Exception):
    """A request that is refused with a status and a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        self.status = status
        super().__init__(sentence)


class SegmentsApi:
    """The endpoint. `changes` are the functions of `segment_changes`, whose use is noted."""

    def __init__(self, answers: Answers, saved: SavedSegments, changes: Mapping[str, Callable[..., Any]]) -> None:
        self._answers, self._saved, self._changes = answers, saved, changes

    async def endpoint(self, request: Request) -> Response:
        """GET, POST, PATCH and DELETE; other methods do not reach it."""
        methods = {"POST": self._save, "PATCH": self._rename, "DELETE": self._delete}
        try:
            answer = await methods.get(request.method, self._list)(request)
            return json_answer(answer, 200)
        except RefusedChangeError as refusal:
            return json_answer(ApiError(str(refusal)), refusal.status)
        except UnknownSegmentError as error:
            return json_answer(ApiError(str(error)), 404)
        except SegmentExistsError as error:
            return json_answer(ApiError(str(error)), 409)
        except (FilterError, SavedSegmentsError) as error:
            return json_answer(ApiError(str(error)), 400)
        except OSError as error:
            return json_answer(
                ApiError(f"Nothing is changed: the data directory can't be written ({error.strerror})."), 503
            )

    async def _list(self, request: Request) -> SegmentList:
        product = _parameters(request, "product").get("product") or None
        if product is not None and product not in self._answers.catalogues:
            raise FilterError(f"There is no such product; known are {', '.join(self._answers.products())}.")
        return SegmentList(await asyncio.to_thread(self._saved.all, product))

    async def _save(self, request: Request) -> Any:
        product = _parameters(request, "product").get("product") or None
        body: SegmentToSave = await json_body(request, SegmentToSave)
        fields = {name: getattr(body, name) for name in body.__struct_fields__}
        return await self._change("save", product=product, **fields)

    async def _rename(self, request: Request) -> Any:
        parameters = _parameters(request, "product", "name")
        body: SegmentRename = await json_body(request, SegmentRename)
        return await self._change(
            "rename", product=parameters.get("product") or None, name=_name(parameters), new=body.name
        )

    async def _delete(self, request: Request) -> SegmentList:
        parameters = _parameters(request, "product", "name")
        await self._change("delete", product=parameters.get("product") or None, name=_name(parameters))
        return SegmentList(await asyncio.to_thread(self._saved.all, parameters.get("product") or None))

    async def _change(self, what: str, **arguments: Any) -> Any:
        return await asyncio.to_thread(self._changes[f"segments_{what}"], **arguments)


def _parameters(request: Request, *known: str) -> Mapping[str, str]:
    if not request.query_params.keys() <= set(known):
        raise RefusedChangeError(400, f"There is no such parameter here; known are {', '.join(known)}.")
    return request.query_params


def _name(parameters: Mapping[str, str]) -> str:
    if not parameters.get("name"):
        raise RefusedChangeError(400, "name= is missing: the name of the saved segment.")
    return parameters["name"]


async def json_body(request: Request, type_: type) -> Any:
    """The body of a change. Raises RefusedChangeError."""
    # A page of another site can't send this type without being asked first.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
        raise RefusedChangeError(415, f"Send the body as {_JSON}.")
    body = b""
    try:
        async with asyncio.timeout(_MAX_BODY_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > MAX_BODY_BYTES:
                    raise RefusedChangeError(413, f"The body is larger than {MAX_BODY_BYTES} bytes.")
        return msgspec.json.decode(body, type=type_)
    except (TimeoutError, ClientDisconnect):
        raise RefusedChangeError(408, "The body did not arrive in time.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        what = str(error) if isinstance(error, msgspec.ValidationError) else "it is no JSON"
        raise RefusedChangeError(400, f"The body can't be used: {what}.") from None


def json_answer(body: object, status: int) -> Response:
    return Response(msgspec.json.encode(body), status, {"cache-control": "no-store"}, _JSON)
