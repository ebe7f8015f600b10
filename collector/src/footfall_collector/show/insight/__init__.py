"""What the charts mean: sentences, tiles, releases compared with uncertainty, and the state of the data.

Pure functions over charts' rows (`records`), with the intervals of `statistics`.
"""

from .periods import EARLIEST, before, described, narrowed
from .records import Record, records, share
from .regressions import Flag
from .sentences import NBSP, milliseconds, percent
from .tiles import Tile

__all__ = [
    "EARLIEST",
    "NBSP",
    "Flag",
    "Record",
    "Tile",
    "before",
    "described",
    "milliseconds",
    "narrowed",
    "percent",
    "records",
    "share",
]
