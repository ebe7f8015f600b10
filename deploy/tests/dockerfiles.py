"""Reads an image's settings from its Dockerfile."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

IMAGES = Path(__file__).resolve().parents[1] / "images"
NAMES = ("collector", "toolkit")


@dataclass(frozen=True)
class Dockerfile:
    """The last stage of a Dockerfile: what a container of the image starts with."""

    text: str

    @classmethod
    def of(cls, name: str) -> "Dockerfile":
        """The one of an image."""
        return cls((IMAGES / f"{name}.Dockerfile").read_text())

    @property
    def last_stage(self) -> str:
        """What stands below the last FROM, with each instruction on one line."""
        return re.sub(r"\s*\\\n\s*", " ", self.text[self.text.rindex("\nFROM ") :])

    @property
    def environment(self) -> dict[str, str]:
        """What ENV sets, without PATH, which is about the image's own files."""
        lines = re.findall(r"^ENV (.*)$", self.last_stage, re.MULTILINE)
        return {n: v for line in lines for n, v in re.findall(r"(\w+)=(\S+)", line) if n != "PATH"}

    @property
    def command(self) -> list[str]:
        """What CMD runs."""
        return list(json.loads(re.findall(r"^CMD (.*)$", self.last_stage, re.MULTILINE)[0]))

    def one(self, instruction: str) -> str:
        """The arguments of an instruction that stands once."""
        (found,) = re.findall(rf"^{instruction} (.*)$", self.last_stage, re.MULTILINE)
        return str(found)
