"""The stages that `pipeline.py` lists exist under the names and in the files that it gives."""

import importlib
import re
from functools import reduce
from pathlib import Path

import footfall
from footfall import pipeline

STAGE = re.compile(r"^\d+\. .+?`(\w+/\w+\.py)`\s+`([\w.]+)`:", re.MULTILINE)


def test_every_stage_names_a_file_and_a_function_that_exist() -> None:
    stages = STAGE.findall(pipeline.__doc__ or "")
    assert len(stages) == len(re.findall(r"^\d+\. ", pipeline.__doc__ or "", re.MULTILINE)) == 12
    for file, name in stages:
        assert (Path(footfall.__file__).parent / file).is_file()
        module = importlib.import_module(f"footfall.{file.removesuffix('.py').replace('/', '.')}")
        assert callable(reduce(getattr, name.split("."), module))
