"""Charts: what each asks (`charts`), under which `filters`, and its SQL for each engine in `sql/<page>/`.

`answers` runs a question on the store and shapes its rows. `version_order` is the one order of versions.
"""

from .answers import Answers, Chart
from .charts import ChartSpec
from .filters import CUSTOM, EXTRA, HOURS, INTERNAL, LONGEST, RANGES, FilterError, Filters
from .version_order import is_release, is_version, version_key

__all__ = [
    "CUSTOM",
    "EXTRA",
    "HOURS",
    "INTERNAL",
    "LONGEST",
    "RANGES",
    "Answers",
    "Chart",
    "ChartSpec",
    "FilterError",
    "Filters",
    "is_release",
    "is_version",
    "version_key",
]
