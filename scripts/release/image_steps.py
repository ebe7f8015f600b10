"""Runs the steps of a Dockerfile in a scratch directory, where there is no container engine.

python scripts/release/image_steps.py DOCKERFILE PLACE    the context is the repository; PLACE becomes the image's root

It understands what deploy/images uses: FROM, ARG, ENV, COPY, RUN, USER, VOLUME, EXPOSE, HEALTHCHECK and CMD, with each
absolute path below one of the image's own folders taken as one below PLACE. All stages share PLACE, since a virtual
environment only works where it was made. What differs from a real build: the base image is this machine with this
Python, and every file belongs to this user.
"""

import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OWN = ("/src", "/opt", "/var/lib/footfall")
"""The image's own folders; all other paths are the machine's."""


class StepError(Exception):
    """A step that failed or isn't understood; the message quotes it."""


@dataclass
class Image:
    """The result of the steps: `environment` and `command` are those of the last stage, with paths below `place`."""

    place: Path
    context: Path = ROOT
    environment: dict[str, str] = field(default_factory=dict)
    command: list[str] = field(default_factory=list)
    user: str = "root"

    def here(self, text: str) -> str:
        """A text with the image's own paths as paths below `place`."""
        return re.sub(rf"(?<![\w./-])({'|'.join(OWN)})(?=[/\s\"']|$)", lambda m: f"{self.place}{m[1]}", text)


def instructions(text: str) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile, each with its arguments on one line."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines))
    return [(name.upper(), rest.strip()) for name, _, rest in (line.partition(" ") for line in joined.splitlines())]


def run_steps(dockerfile: Path, place: Path, context: Path = ROOT) -> Image:
    """Run all steps; returns their result. `context` is where COPY finds files.

    Raises:
        StepError: a step failed, or is none that this understands.
    """
    image = Image(place.absolute(), context)
    for folder in OWN:
        (image.place / folder.lstrip("/")).mkdir(parents=True, exist_ok=True)
    for name, rest in instructions(dockerfile.read_text(encoding="utf-8")):
        if name == "FROM":
            image.environment, image.user = {}, "root"
        elif name == "ENV":
            image.environment |= dict(re.findall(r"(\w+)=(\S+)", image.here(rest)))
        elif name == "COPY":
            _copy(image, rest.split())
        elif name == "RUN":
            _run(image, rest)
        elif name == "CMD":
            image.command = json.loads(rest)
        elif name == "USER":
            image.user = rest
        elif name not in {"ARG", "VOLUME", "EXPOSE", "HEALTHCHECK"}:
            raise StepError(
                f"{dockerfile.name}: {name} is not understood here; teach it to scripts/release/image_steps.py"
            )
    return image


def variables(image: Image) -> dict[str, str]:
    """The environment of a step or of the command: the image's, with the machine's PATH behind its own."""
    # `python` of the base image is this Python.
    behind = f"{Path(sys.executable).resolve().parent}{os.pathsep}{os.environ['PATH']}"
    path = image.environment.get("PATH", "$PATH").replace("$PATH", behind)
    passed = {name: os.environ[name] for name in ("PIP_INDEX_URL", "PIP_CONFIG_FILE") if name in os.environ}
    return {"HOME": str(image.place), **passed, **image.environment, "PATH": path}


def _copy(image: Image, words: list[str]) -> None:
    if words[0].startswith("--from="):
        return  # all stages share the place
    *sources, target = words
    to = Path(image.here(target))
    for source in sources:
        path = image.context / source
        if path.is_dir():
            shutil.copytree(path, to, dirs_exist_ok=True, ignore=_ignored)
        elif image.context == ROOT and not _kept(source):
            raise StepError(f"COPY {source}: .dockerignore leaves it out of the context")
        else:
            to.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, to)


def _run(image: Image, command: str) -> None:
    # Only root may give a file to another user.
    own = re.sub(r"--(owner|group)=\d+ ?", "", image.here(command))
    done = subprocess.run(["sh", "-ec", own], env=variables(image), capture_output=True, text=True, check=False)
    if done.returncode:
        raise StepError(f"RUN {command}\n{done.stdout}{done.stderr}")


def _rules() -> list[str]:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _kept(path: str) -> bool:
    """Whether .dockerignore leaves a path in the context: the last rule that matches it or a folder above decides."""
    above = [path, *(str(p) for p in Path(path).parents if str(p) != ".")]
    kept = True
    for rule in _rules():
        pattern = rule.removeprefix("!").removeprefix("**/")
        names = [Path(p).name for p in above] if "**/" in rule else above
        if any(fnmatch.fnmatch(name, pattern) for name in names):
            kept = rule.startswith("!")
    return kept


def _ignored(folder: str, names: list[str]) -> set[str]:
    below = Path(folder).relative_to(ROOT)
    return {name for name in names if not _kept(str(below / name))}


def main(arguments: list[str]) -> int:
    """Run the steps of a Dockerfile; 1 where one fails."""
    if len(arguments) != 2:
        print("usage: python scripts/release/image_steps.py DOCKERFILE PLACE", file=sys.stderr)
        return 2
    try:
        image = run_steps(Path(arguments[0]), Path(arguments[1]))
    except StepError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"all steps ran; the command is: {' '.join(image.command)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
