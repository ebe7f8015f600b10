"""The static files, read and compressed once, under an address that changes with their content."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

ROOT = Path(__file__).parent / "static"
BROTLI = ".br"
"""Ends the names of files that were compressed when they were built."""
_TEXT = (".js", ".css", ".svg")
_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
_FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Asset:
    """One file.

    Attributes:
        encodings: its compressed forms by `Content-Encoding`, the smallest first.
    """

    body: bytes
    encodings: dict[str, bytes]
    media_type: str


class Assets:
    """All files below `folder`.

    Attributes:
        root: the base path of all addresses, empty or such as `/stats`.
        version: twelve hex digits of the content; part of every address, so that browsers can cache files for ever.
    """

    def __init__(self, folder: Path = ROOT, root: str = "") -> None:
        self.root = root
        paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != BROTLI)
        self._assets = {path.relative_to(folder).as_posix(): _read(path) for path in paths}
        digest = hashlib.sha256()
        for name, asset in self._assets.items():
            digest.update(name.encode() + b"\0" + asset.body)
        self.version = digest.hexdigest()[:12]

    @property
    def base(self) -> str:
        """The path prefix of this version's files."""
        return f"{self.root}/static/{self.version}"

    async def serve(self, request: Request) -> Response:
        """`/static/{version}/{path}`; another version is a 404, so that no page mixes two versions."""
        asset = self._assets.get(request.path_params["path"])
        if asset is None or request.path_params["version"] != self.version:
            return PlainTextResponse("There is no such file; reload the page.", 404)
        headers = {"cache-control": _FOREVER, "vary": "accept-encoding"}
        accepted = {name.partition(";")[0].strip() for name in request.headers.get("accept-encoding", "").split(",")}
        for name, body in asset.encodings.items():
            if name in accepted:
                return Response(body, media_type=asset.media_type, headers=headers | {"content-encoding": name})
        return Response(asset.body, media_type=asset.media_type, headers=headers)


def _read(path: Path) -> Asset:
    body = path.read_bytes()
    media_type = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "text/plain; charset=utf-8"
    encodings = {"gzip": gzip.compress(body, 9, mtime=0)} if path.suffix in _TEXT else {}
    compressed = path.with_name(f"{path.name}{BROTLI}")
    return Asset(body, {"br": compressed.read_bytes()} | encodings if compressed.exists() else encodings, media_type)
