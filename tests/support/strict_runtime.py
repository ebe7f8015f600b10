"""A pytest plugin: the suites run once under the options of Python that hosts use, `-OO -X dev -W error` and ASCII.

    .venv/bin/nox -s options

pytest itself can't run under `-OO`, which removes the tests' own asserts. So Footfall's modules are compiled as `-OO`
compiles them, every process that a test starts has the options as variables, and a warning is an error in both.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any

import pytest

PACKAGES = ("footfall", "footfall_collector", "footfall_toolkit")
VARIABLES = {
    "PYTHONOPTIMIZE": "2",
    "PYTHONDEVMODE": "1",
    "PYTHONWARNINGS": "error",
    "LC_ALL": "C",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
}
"""Of each process that a test starts; the test's own variables win."""
OUTSIDE = (
    "test_every_stage_names_a_file_and_a_function_that_exist",
    "test_a_public_name_is_importable_and_documented",
    "test_every_kind_says_what_it_carries_at_most",
    "test_the_dictionary_has_every_event_and_property_also_the_products_own",
    "test_with_docstrings_one_of_them_is_the_meaning_of_an_event_that_has_no_other",
    "test_sql_is_read_once_and_also_from_a_zip_file",
    "test_the_command_prints_the_answers_and_refuses_what_a_collector_would_move",
    "test_the_example_of_the_documentation_passes_and_can_fail",
)
"""Tests that read docstrings, or whose own programs print what ASCII lacks or fail by an assert."""


class _OptimizedLoader(SourceFileLoader):
    """Compiles a module without asserts and docstrings, and neither reads nor writes a cached form of it."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code: CodeType = compile(self.get_data(path), path, "exec", dont_inherit=True, optimize=2)
        return code


class _OptimizedFinder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] not in PACKAGES:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and type(spec.loader) is SourceFileLoader:
            spec.loader = _OptimizedLoader(fullname, spec.loader.path)
        return spec


_start = subprocess.Popen.__init__
"""asyncio and anyio start their processes through this class too."""


def _start_strictly(self: "subprocess.Popen[Any]", *arguments: Any, **options: Any) -> None:
    environment = options.get("env")
    options["env"] = {**VARIABLES, **(os.environ if environment is None else environment)}
    _start(self, *arguments, **options)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("filterwarnings", "error")
    workers_follow = config.getoption("numprocesses", None) and not hasattr(config, "workerinput")
    if not workers_follow:  # pytest-xdist's workers are started by the same class, and keep their asserts
        subprocess.Popen.__init__ = _start_strictly  # type: ignore[method-assign]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    outside = [item for item in items if getattr(item, "originalname", item.name) in OUTSIDE]
    config.hook.pytest_deselected(items=outside)
    items[:] = [item for item in items if item not in outside]


# When it is loaded, and not when it is configured: Footfall's own pytest plugin is loaded right after it.
for _name in sys.modules:
    if _name.partition(".")[0] in PACKAGES:
        raise pytest.UsageError(f"{_name} was imported before this plugin: pass `-p no:footfall` in front of it")
sys.meta_path.insert(0, _OptimizedFinder())
