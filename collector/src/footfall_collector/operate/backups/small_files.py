"""The small files of a backup: their content is decoded and checked, for it gives access, is published, or is SQL."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from ...access.changes import MAX_ANNOTATIONS, AnnotationError, AnnotationsFile, check_annotation
from ...alerts import AlertsContent
from ...answer import SegmentsFile
from ...runtime import ControlError
from ...show.public import DIMENSIONS, PublishedMonth
from .file_kinds import ALERTS, ANNOTATIONS, KEYS, LINKS, PEPPER, PUBLIC, SEGMENTS, TOKENS, TOMBSTONES

_Time = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}Z\Z")]
_Hash = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
_WORD = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,128}")
_OWN_WORD = re.compile(r"[^\x00-\x1f\x7f-\x9f.]{1,128}\.[^\x00-\x1f\x7f-\x9f.]{1,128}")
"""`event.property` of a product's own words on the public page."""


class _Key(msgspec.Struct):
    key: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_.-]{1,64}\Z")]
    product: Annotated[str, msgspec.Meta(pattern=r"\A[a-z][a-z0-9-]{0,127}\Z")]
    added: _Time
    revoked: _Time | None = None


class _Keys(msgspec.Struct):
    version: int = 1
    keys: list[_Key] = []


class _Token(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")]
    sha256: _Hash
    added: _Time


class _Tokens(msgspec.Struct):
    version: int = 1
    tokens: list[_Token] = []


class _Link(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")]
    sha256: _Hash
    added: _Time
    ends: _Time
    page: Annotated[str, msgspec.Meta(pattern=r"\A[a-z]{1,32}\Z")]
    query: Annotated[str, msgspec.Meta(pattern=r"\A[!-~]{0,65536}\Z")]
    panel: Annotated[str, msgspec.Meta(pattern=r"\A[!-~]{0,200}\Z")] = ""
    password: Annotated[str, msgspec.Meta(pattern=r"\A(?:\$argon2[!-~]{1,300})?\Z")] = ""


class _Links(msgspec.Struct):
    version: int = 1
    links: list[_Link] = []


class _Mark(msgspec.Struct):
    mark: _Hash
    pending: bool = True


class _ForgottenList(msgspec.Struct):
    instances: list[_Mark] = []


class SmallFiles:
    """The small files by path, with their content.

    Raises ControlError for a content that no collector writes.
    """

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        self.contents = dict(contents)
        self._keys = self._decoded(KEYS, _Keys) or _Keys()
        self._tokens = self._decoded(TOKENS, _Tokens) or _Tokens()
        self._links = self._decoded(LINKS, _Links) or _Links()
        self.segments = len((self._decoded(SEGMENTS, SegmentsFile) or SegmentsFile()).segments)
        self._decoded(ALERTS, AlertsContent)
        # Earlier versions wrote a list.
        forgotten = self._decoded(TOMBSTONES, _ForgottenList | list[_Mark]) or []
        self.forgotten = len(forgotten if isinstance(forgotten, list) else forgotten.instances)
        self._check_annotations()
        for path in self.published:
            self._check_published(path)

    def _check_annotations(self) -> None:
        """Readers and assistants see their texts."""
        file: AnnotationsFile = self._decoded(ANNOTATIONS, AnnotationsFile) or AnnotationsFile()
        try:
            for annotation in file.annotations:
                check_annotation(annotation)
            fits = len(file.annotations) <= MAX_ANNOTATIONS and all(map(_WORD.fullmatch, file.deliveries))
        except AnnotationError:
            fits = False
        if not fits:
            raise ControlError(f"the backup's {ANNOTATIONS} is not what a collector writes; don't use this backup")

    @property
    def pepper(self) -> bytes:
        """The pepper; empty where the backup has none."""
        return self.contents.get(PEPPER, b"").strip()

    @property
    def published(self) -> list[str]:
        """The paths of published months."""
        return sorted(path for path in self.contents if path.startswith(f"{PUBLIC}/"))

    def valid_keys(self) -> list[str]:
        """Each write key that is not revoked, with its product."""
        return [f"{key.key} ({key.product})" for key in self._keys.keys if not key.revoked]

    def token_names(self) -> list[str]:
        return [token.name for token in self._tokens.tokens]

    def link_names(self) -> list[str]:
        return [link.name for link in self._links.links]

    def _decoded(self, path: str, type_: Any) -> Any:
        content = self.contents.get(path)
        if content is None:
            return None
        try:
            return msgspec.json.decode(content, type=type_)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise ControlError(f"the backup's {path} is not what a collector writes; don't use this backup") from None

    def _check_published(self, path: str) -> None:
        month: PublishedMonth = self._decoded(path, PublishedMonth)
        words = [word for groups in month.groups.values() for word in groups]
        if (
            path != f"{PUBLIC}/{month.product}/{month.month}.json"
            or not all(name in DIMENSIONS or _OWN_WORD.fullmatch(name) for name in month.groups)
            or not all(map(_WORD.fullmatch, words))
        ):
            raise ControlError(f"the backup's {path} is not what a collector writes; don't use this backup")
