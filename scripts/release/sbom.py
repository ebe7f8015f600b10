"""Writes what a Python environment holds as a bill of materials in CycloneDX 1.5.

python sbom.py NAME FILE    of the environment of that Python; NAME is the distribution that it is all for

Needs the standard library only: it runs inside an image. The same environment gives the same bytes.
"""

import hashlib
import json
import re
import sys
import uuid
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

LEFT_OUT = frozenset({"pip", "setuptools"})
"""What only put the rest in place, and is gone from the image."""


def _name(text: str) -> str:
    return re.sub(r"[-_.]+", "-", text).lower()


def _purl(name: str, version: str) -> str:
    return f"pkg:pypi/{name}@{version}"


def _licence(found: Distribution) -> list[dict[str, Any]]:
    """The licence's SPDX expression, or its first line where a package only has a text."""
    said = found.metadata.json
    if expression := said.get("license_expression"):
        return [{"expression": expression}]
    text = str(said.get("license") or "").strip().splitlines()
    return [{"license": {"name": text[0]}}] if text else []


def _needed(found: Distribution, known: dict[str, str]) -> list[str]:
    """The packages here that a distribution names as needed, as references."""
    names = {_name(m[0]) for need in found.requires or [] if (m := re.match(r"[A-Za-z0-9._-]+", need))}
    return sorted(known[name] for name in names if name in known)


def bill(root: str, found: list[Distribution]) -> dict[str, Any]:
    """The bill of materials of the distributions, of which `root` names the one that the others are there for.

    Raises:
        ValueError: `root` is not among them.
    """
    by_name = {_name(one.metadata["Name"]): one for one in found}
    if root not in by_name:
        raise ValueError(f"{root} is not installed here; installed are {', '.join(sorted(by_name))}")
    known = {name: _purl(name, one.version) for name, one in by_name.items()}
    components = {
        name: {"type": "library", "bom-ref": known[name], "name": name, "version": one.version, "purl": known[name]}
        | ({"licenses": licences} if (licences := _licence(one)) else {})
        for name, one in sorted(by_name.items())
    }
    same = hashlib.sha256("\n".join(sorted(known.values())).encode()).digest()
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.UUID(bytes=same[:16], version=4)}",
        "version": 1,
        "metadata": {"component": components[root] | {"type": "application"}},
        "components": [one for name, one in components.items() if name != root],
        "dependencies": [
            {"ref": known[name], "dependsOn": _needed(one, known)} for name, one in sorted(by_name.items())
        ],
    }


def main(arguments: list[str]) -> int:
    """Write the bill; 2 for wrong arguments."""
    if len(arguments) != 2:
        print("usage: python sbom.py NAME FILE", file=sys.stderr)
        return 2
    name, file = arguments
    found = [one for one in distributions() if _name(one.metadata["Name"]) not in LEFT_OUT]
    Path(file).write_text(json.dumps(bill(name, found), indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
