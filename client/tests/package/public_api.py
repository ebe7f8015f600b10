"""The public API as stub lines, and its differences from the API of the last release.

python client/tests/package/public_api.py --write     the release script: store the API of this release

The stubs have the names in `__all__` of the four public modules, with their parameters, defaults and attributes.
`public_api.json` is `{"release": version, "modules": {module: [stub line, …]}}`.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import griffe

import footfall

ROOT = Path(__file__).resolve().parents[3]
SOURCE = "client/src"
SNAPSHOT = Path(__file__).with_name("public_api.json")
PUBLIC_MODULES = ("footfall", "footfall.mcp", "footfall.catalogue", "footfall.testing")

Stubs = dict[str, list[str]]
_COLOURS = re.compile(r"\x1b\[\d+m")


def current_api() -> Stubs:
    return _stubs(griffe.load("footfall", search_paths=[ROOT / SOURCE]))


def released_api() -> tuple[str, Stubs]:
    """The last release and its API: from the last tag, or from the snapshot where the clone has no tags."""
    tags = _git("tag", "--list", "v*", "--sort=-version:refname", "--merged", "HEAD").split()
    if tags:
        return tags[0], _stubs(griffe.load_git("footfall", ref=tags[0], repo=ROOT, search_paths=[SOURCE]))
    snapshot = json.loads(SNAPSHOT.read_text("utf-8"))
    return f"v{snapshot['release']}", snapshot["modules"]


def breaking_changes(old: Stubs, new: Stubs) -> list[str]:
    """A line for each removal or change that can break a caller: `footfall.Product.__init__(host): …`."""
    lines = [f"{module}: the module was removed" for module in old if module not in new]
    for module in old.keys() & new.keys():
        before, after = _module(module, old[module]), _module(module, new[module])
        for breakage in griffe.find_breaking_changes(before, after):
            # `file.pyi:3: Product.__init__(host): Parameter was removed`, in colours
            explained = _COLOURS.sub("", breakage.explain(griffe.ExplanationStyle.ONE_LINE))
            lines.append(f"{module}.{explained.split(': ', 1)[1]}")
    return sorted(lines)


def additions(old: Stubs, new: Stubs) -> list[str]:
    """The names that the new API has and the old one has not."""
    return sorted(set(_names(new)) - set(_names(old)))


def _names(stubs: Stubs) -> Iterator[str]:
    for module, lines in stubs.items():
        for name, member in _module(module, lines).members.items():
            yield f"{module}.{name}"
            yield from (f"{module}.{name}.{inner}" for inner in member.members)


def _module(name: str, lines: list[str]) -> griffe.Module:
    return griffe.visit(name, filepath=Path(f"{name}.pyi"), code="\n".join(lines))


def _stubs(package: griffe.Object | griffe.Alias) -> Stubs:
    stubs: Stubs = {}
    for name in PUBLIC_MODULES:
        module = package if name == "footfall" else package[name.partition(".")[2]]
        stubs[name] = [line for member in sorted(map(str, module.exports or ())) for line in _member(module, member)]
    return stubs


def _member(module: griffe.Object | griffe.Alias, name: str) -> Iterator[str]:
    target = _resolve(module[name])
    if isinstance(target, griffe.Class):
        yield from _class(target)
    elif isinstance(target, griffe.Function):
        yield _function(target)
    else:
        yield f"{name}: str"  # a constant; its value, such as the version, is no promise


def _class(cls: griffe.Class) -> Iterator[str]:
    yield f"class {cls.name}:"
    # Bases are private, so what a class inherits from them is shown as its own.
    members = {name: _resolve(member) for name, member in cls.all_members.items()}
    fields = [m for name, m in members.items() if isinstance(m, griffe.Attribute) and not name.startswith("_")]
    methods = {name: m for name, m in members.items() if isinstance(m, griffe.Function)}
    if any(str(base).endswith("Struct") for c in (cls, *_project_bases(cls)) for base in c.bases):
        yield f"    def __init__({', '.join(['self', *map(_field, filter(_is_field, fields))])}): ..."
    elif "__init__" in methods:
        yield f"    {_function(methods['__init__'])}"
    for field in fields:
        yield f"    {field.name}: {_annotation(field)}"
    for name, method in sorted(methods.items()):
        if not name.startswith("_"):
            yield f"    {_function(method)}"


def _resolve(member: griffe.Object | griffe.Alias) -> griffe.Object:
    return member.final_target if isinstance(member, griffe.Alias) else member


def _project_bases(cls: griffe.Class) -> list[griffe.Class]:
    return [base for base in cls.mro() if isinstance(base, griffe.Class)]


def _is_field(field: griffe.Attribute) -> bool:
    # What has no annotation, or is a ClassVar, belongs to the class only.
    return field.annotation is not None and "instance-attribute" in field.labels


def _field(field: griffe.Attribute) -> str:
    return f"{field.name}: {_annotation(field)}" + (" = ..." if field.value is not None else "")


def _annotation(field: griffe.Attribute) -> str:
    """An annotation without what `Annotated` adds: the meaning of a property is no part of the API."""
    return str(_plain_type(field.annotation, field)) if field.annotation is not None else "Any"


def _plain_type(annotation: object, field: griffe.Attribute) -> object:
    if isinstance(annotation, griffe.ExprSubscript) and str(annotation.left) == "Annotated":
        elements = getattr(annotation.slice, "elements", [annotation.slice])
        return elements[0]
    if isinstance(annotation, griffe.ExprBinOp):
        return f"{_plain_type(annotation.left, field)} {annotation.operator} {_plain_type(annotation.right, field)}"
    if isinstance(annotation, griffe.ExprName) and annotation.name in field.module.members:
        alias = field.module.members[annotation.name]
        if isinstance(alias, griffe.Attribute) and "Annotated" in str(alias.value):
            return _plain_type(alias.value, field)
    return annotation


def _function(function: griffe.Function) -> str:
    """One stub line; defaults are shown as `...`, because a default's expression may name what is private."""
    parts, star = [], False
    for parameter in function.parameters:
        kind = parameter.kind
        if kind is griffe.ParameterKind.keyword_only and not star:
            parts.append("*")
        star = star or kind in (griffe.ParameterKind.keyword_only, griffe.ParameterKind.var_positional)
        prefix = {griffe.ParameterKind.var_positional: "*", griffe.ParameterKind.var_keyword: "**"}.get(kind, "")
        annotation = f": {parameter.annotation}" if parameter.annotation is not None else ""
        required = parameter.default is None or prefix
        parts.append(f"{prefix}{parameter.name}{annotation}" + ("" if required else " = ..."))
    returns = f" -> {function.returns}" if function.returns is not None else ""
    return f"def {function.name}({', '.join(parts)}){returns}: ..."


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False).stdout


def write() -> None:
    """Store the current API as that of the version in `version.py`."""
    snapshot = {"release": footfall.__version__, "modules": current_api()}
    SNAPSHOT.write_text(json.dumps(snapshot, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    write()
