"""Charts: what each asks (`charts`), under which `filters`, and its SQL for each engine in `sql/<page>/`.

`answers` runs a question on the store and shapes its rows. `version_order` is the one order of versions.
"""

from .answers import Answers, Cell, Chart
from .charts import COMMON, ChartSpec
from .filters import (
    CUSTOM,
    DEFAULT_RANGE,
    EARLIEST,
    EXTRA,
    HOURS,
    INTERNAL,
    LONGEST,
    RANGES,
    FilterError,
    Filters,
)
from .version_order import is_release, is_version, version_key

__all__ = [
    "COMMON",
    "CUSTOM",
    "DEFAULT_RANGE",
    "EARLIEST",
    "EXTRA",
    "HOURS",
    "INTERNAL",
    "LONGEST",
    "RANGES",
    "Answers",
    "Cell",
    "Chart",
    "ChartSpec",
    "FilterError",
    "Filters",
    "is_release",
    "is_version",
    "version_key",
]
