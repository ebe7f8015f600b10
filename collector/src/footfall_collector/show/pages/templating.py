"""The environment of all templates: autoescaped, and strict about undefined names."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ...runtime import plain_day


def template_environment(*folders: Path) -> Environment:
    """A new environment over `templates/`, and over the folders of other packages, whose templates extend those."""
    environment = Environment(
        loader=FileSystemLoader((Path(__file__).parent / "templates", *folders)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain_day"] = plain_day
    return environment
