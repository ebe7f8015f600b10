"""Parses YAML documents with the line of every field: bounded in size, without Python objects, dates as text."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

MAX_CHARACTERS = 256 * 1024
MAX_DOCUMENTS = 100
MAX_NODES = 50_000


class ManifestError(ValueError):
    """The text is no readable YAML. `line` counts from 1, None if unknown."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class _Loader(yaml.SafeLoader):
    """Loads YAML as Kubernetes does, which converts it to JSON: dates stay text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Document:
    """One document: its value, and its YAML node, which has the lines."""

    value: Any
    node: Any

    @property
    def line(self) -> int:
        """The document's first line, counted from 1."""
        return int(self.node.start_mark.line) + 1

    def line_of(self, path: list[str | int]) -> int:
        """The line of the field at a path, or of its nearest parent in the text."""
        node, line = self.node, self.line
        for key in path:
            child = _child(node, key)
            if child is None:
                return line
            line, node = child
        return line

    def duplicates(self) -> list[tuple[str, int]]:
        """Keys that one mapping has twice (YAML silently keeps the last), with their lines."""
        return list(_duplicates(self.node))


def parse_documents(text: str) -> list[Document]:
    """Every document of a text that is not empty.

    Raises:
        ManifestError: the text is not YAML, too large, too deep, or has aliases that unfold to too many values.
    """
    if len(text) > MAX_CHARACTERS:
        raise ManifestError(f"The manifest is longer than {MAX_CHARACTERS} characters; validate it in parts")
    try:
        loader = _Loader(text)
        documents = list(_read(loader))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise ManifestError(f"Not readable as YAML: {error.problem or error.context}", line) from error
    except (yaml.YAMLError, ValueError) as error:
        if isinstance(error, ManifestError):
            raise
        raise ManifestError("Not readable as YAML: a character or value that YAML does not allow") from error
    except RecursionError as error:
        raise ManifestError("The manifest is nested too deeply") from error
    return documents


def _read(loader: _Loader) -> Iterator[Document]:
    count = 0
    while loader.check_node():
        node: Any = loader.get_node()
        count += 1
        if count > MAX_DOCUMENTS:
            raise ManifestError(f"The manifest has more than {MAX_DOCUMENTS} documents; validate it in parts")
        if _count_unfolded(node, {}) > MAX_NODES:
            raise ManifestError(f"The manifest unfolds to more than {MAX_NODES} values", node.start_mark.line + 1)
        value = loader.construct_document(node)
        if value is not None:
            yield Document(value, node)


def _count_unfolded(node: Any, sizes: dict[int, int]) -> int:
    """The number of values in a node with its aliases unfolded; more than MAX_NODES if an alias contains itself."""
    size = sizes.get(id(node))
    if size is not None:
        return size
    sizes[id(node)] = MAX_NODES + 1  # found again before its children are counted: a cycle
    if isinstance(node, yaml.MappingNode):
        children = [child for pair in node.value for child in pair]
    else:
        children = node.value if isinstance(node, yaml.SequenceNode) else []
    sizes[id(node)] = 1 + sum(_count_unfolded(child, sizes) for child in children)
    return sizes[id(node)]


def _child(node: Any, key: str | int) -> tuple[int, Any] | None:
    """Line and node of a mapping's key or a sequence's item; None if the node has none."""
    if isinstance(node, yaml.MappingNode):
        return next(((k.start_mark.line + 1, v) for k, v in node.value if k.value == key), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        return node.value[key].start_mark.line + 1, node.value[key]
    return None


def _duplicates(node: Any) -> Iterator[tuple[str, int]]:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _duplicates(item)
    if isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key, value in node.value:
            # Only scalar keys can be compared as text, and Kubernetes allows no others.
            if isinstance(key, yaml.ScalarNode):
                if key.value in keys:
                    yield key.value, key.start_mark.line + 1
                keys.add(key.value)
            yield from _duplicates(value)
