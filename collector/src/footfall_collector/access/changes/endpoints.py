"""What programs may change over HTTP: write keys and annotations; and the signed deliveries of a release by GitHub.

`SignIn` has checked before who asks, and what the token may do; a delivery has its signature instead. Each change is in
the audit log with who made it. Files are written on another thread, because ingestion does not wait for them.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from ...receive import WriteKeys
from ...runtime import Command, ControlError, Settings
from ..audit_log import AuditLog, audited
from ..commands import key_commands
from ..tokens.scopes import ANNOTATIONS_PATH, KEYS_PATH
from . import (
    AnnotationError,
    AnnotationList,
    UnusableDeliveryError,
    annotation_commands,
    has_valid_signature,
    read_release,
)

WEBHOOK_PATH = "/webhooks/github"
_MAX_BODY_BYTES, _MAX_DELIVERY_BYTES, _MAX_SECONDS = 16 << 10, 1 << 20, 10.0


class NewAnnotation(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a POST that adds an annotation. `at`: a UTC day or an RFC 3339 time; empty is now."""

    text: str
    at: str = ""
    product: str = ""


class NewWriteKey(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a POST that adds a write key; without `key` a new one is made."""

    product: str = ""
    key: str = ""


class Changes:
    """Answers the paths below which something changes.

    Methods get who asks (`signed in`, `token NAME`) and the only product that the token may change, empty for all.
    """

    def __init__(self, settings: Settings, keys: WriteKeys, annotations: AnnotationList, audit: AuditLog) -> None:
        self._settings, self._keys, self._annotations, self._audit = settings, keys, annotations, audit

    async def answer(self, request: Request, who: str, product: str) -> Response:
        """Change what the path names, or list the write keys."""
        actions: Mapping[tuple[str, str], Callable[[Request, str, str], Any]] = {
            (ANNOTATIONS_PATH, "POST"): self._add_annotation,
            (ANNOTATIONS_PATH, "DELETE"): self._remove_annotation,
            (KEYS_PATH, "GET"): self._list_keys,
            (KEYS_PATH, "HEAD"): self._list_keys,
            (KEYS_PATH, "POST"): self._add_key,
            (KEYS_PATH, "DELETE"): self._revoke_key,
        }
        path, method = request.scope["path"], request.method
        action = actions.get((path, method))
        if action is None:
            allowed = ", ".join(sorted(method for each, method in actions if each == path))
            return _json({"error": f"Use {allowed} here."}, 405, {"allow": allowed})
        try:
            response: Response = await action(request, who, product)
            return response
        except _BodyError as error:
            return _json({"error": f"{error}."}, error.status)
        except ControlError as error:
            return _json({"error": f"{error}."}, 400)

    async def _add_annotation(self, request: Request, who: str, product: str) -> Response:
        body = await _body(request, NewAnnotation)
        wanted = self._product_of_change(body.product, product)
        added = await self._run(who, "annotations_add", text=body.text, at=body.at, product=wanted)
        return _json(added, 201)

    async def _remove_annotation(self, request: Request, who: str, product: str) -> Response:
        identity = request.query_params.get("id", "")
        known = {each.id: each.product for each in await asyncio.to_thread(self._annotations.all)}
        if identity not in known or (product and known[identity] != product):
            return _json({"error": "There is no annotation of this ID."}, 404)
        await self._run(who, "annotations_remove", id=identity)
        return Response(status_code=204)

    async def _list_keys(self, request: Request, who: str, product: str) -> Response:
        del request
        keys = await self._run(who, "keys_list")
        return _json({"keys": [key for key in keys if product in ("", key["product"])]})

    async def _add_key(self, request: Request, who: str, product: str) -> Response:
        body = await _body(request, NewWriteKey)
        wanted = self._product_of_change(body.product, product)
        return _json(await self._run(who, "keys_add", product=wanted, key=body.key or None), 201)

    async def _revoke_key(self, request: Request, who: str, product: str) -> Response:
        key = request.query_params.get("key", "")
        known = {each["key"]: each["product"] for each in await self._run(who, "keys_list")}
        if key not in known or (product and known[key] != product):
            return _json({"error": "There is no such write key."}, 404)
        return _json(await self._run(who, "keys_revoke", key=key))

    def _product_of_change(self, wanted: str, allowed: str) -> str | None:
        """Raises _BodyError: 403 where the token is for another product, 400 where there is none of this name."""
        if allowed and wanted not in ("", allowed):
            raise _BodyError(403, f"this token is for the product {allowed} only")
        if wanted and wanted not in self._settings.products:
            raise _BodyError(400, f"there is no such product; known are {', '.join(self._settings.products)}")
        return wanted or allowed or None

    async def _run(self, who: str, command: str, **arguments: Any) -> Any:
        commands: dict[str, Command] = {
            **key_commands(self._settings, self._keys),
            **annotation_commands(self._settings, self._annotations, who),
        }
        function = audited(commands, self._audit, who)[command]
        return await asyncio.to_thread(lambda: function(**arguments))

    async def deliver(self, request: Request) -> Response:
        """Take a delivery of GitHub's webhook. Without the setting `github_webhook_secret` there is nothing here."""
        secret = self._settings.github_webhook_secret
        if not secret:
            return _json({"error": "There is nothing at this path."}, 404)
        if request.method != "POST":
            return _json({"error": "Use POST here."}, 405, {"allow": "POST"})
        try:
            body = await _bytes(request, _MAX_DELIVERY_BYTES)
            if not has_valid_signature(secret, body, request.headers.get("x-hub-signature-256", "").encode("latin-1")):
                return _json({"error": "X-Hub-Signature-256 is not of this body and the collector's secret."}, 401)
            return await self._add_delivered(request, body)
        except _BodyError as error:
            return _json({"error": f"{error}."}, error.status)
        except (UnusableDeliveryError, AnnotationError) as error:
            return _json({"error": f"{error}."}, 422)
        except OSError:
            return _json({"error": "The annotation can't be stored at the moment."}, 503, {"retry-after": "60"})

    async def _add_delivered(self, request: Request, body: bytes) -> Response:
        product = request.query_params.get("product") or self._settings.default_product
        if product not in self._settings.products:
            return _json({"error": "Name one of the collector's products in the address: ?product=NAME."}, 422)
        event, delivery = (request.headers.get(name, "") for name in ("x-github-event", "x-github-delivery"))
        release = read_release(body, event, delivery)
        if release is None:
            return _json({"added": False}, 202)
        added = await asyncio.to_thread(
            lambda: self._annotations.add_delivered(release.text, release.at, str(product), release.delivery)
        )
        if added:
            self._audit.note("GitHub", f"annotations add product {product}")
        return _json({"added": added}, 201 if added else 200)


class _BodyError(Exception):
    """A body that can't be used. `status`: of the answer."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


async def _bytes(request: Request, most: int) -> bytes:
    """The body. Raises _BodyError where it is too large or too slow."""
    body = bytearray()
    try:
        async with asyncio.timeout(_MAX_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > most:
                    raise _BodyError(413, f"the body has more than {most} bytes")
    except (TimeoutError, ClientDisconnect):
        raise _BodyError(408, "the body took too long to arrive") from None
    return bytes(body)


async def _body(request: Request, form: type[Any]) -> Any:
    # Only a page of the collector's own origin can send this type without asking first.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise _BodyError(415, "send JSON, as application/json")
    try:
        return msgspec.json.decode(await _bytes(request, _MAX_BODY_BYTES), type=form)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        known = ", ".join(f"`{name}`" for name in form.__struct_fields__)
        raise _BodyError(400, f"the body is a JSON object with some of {known}, each a text") from None


def _json(fields: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    more = {"cache-control": "no-store", **(headers or {})}
    return Response(msgspec.json.encode(fields), status, more, "application/json")
