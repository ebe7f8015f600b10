"""The public page: closed months of the products in `public_products`, without numbers that reveal a small group.

`archive` counts a month once, when it is closed, by built-in properties and by the product's `own_words`;
`small_groups` decides what may be published, and rounds it with `noise`; `page` serves the published months as a page,
a dataset and `badges`. A published month never changes. Used by `show.routes`, and by `operate`, whose restore keeps
what was published.
"""

from .archive import DIMENSIONS, MonthArchive, withhold_unpublished, write_month
from .page import PublicPages
from .small_groups import PublishedMonth

__all__ = ["DIMENSIONS", "MonthArchive", "PublicPages", "PublishedMonth", "withhold_unpublished", "write_month"]
