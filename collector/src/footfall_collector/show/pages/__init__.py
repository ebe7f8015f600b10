"""The HTML pages: frames that are sent at once; their scripts fetch the numbers from the API.

`layout` says which panels are on which page and `panels` how each chart is drawn; `routes` renders the templates and
`assets` serves `static/`, which draws. `page_head` computes the sentence, tiles and release marks on top of a page.
No page needs a query, loads anything from another host, or carries inline code (`security_headers`). Used by `api`,
`report`, `public`, `show.routes`, `app` and the sign-in page.
"""

from .asked_panels import AskedPanel
from .assets import Assets
from .layout import PAGES, THING, Page
from .not_found import not_found_handler
from .page_head import ChartPageHead, FilterOptions, HealthPageHead, chart_page_head, filter_options, page_head
from .panels import Panel
from .routes import Pages
from .security_headers import SecurityHeaders
from .templating import template_environment
from .things import THING_KINDS, ThingHead, thing_head

__all__ = [
    "PAGES",
    "THING",
    "THING_KINDS",
    "AskedPanel",
    "Assets",
    "ChartPageHead",
    "FilterOptions",
    "HealthPageHead",
    "Page",
    "Pages",
    "Panel",
    "SecurityHeaders",
    "ThingHead",
    "chart_page_head",
    "filter_options",
    "not_found_handler",
    "page_head",
    "template_environment",
    "thing_head",
]
