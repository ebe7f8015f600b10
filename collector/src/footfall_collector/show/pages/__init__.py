"""The HTML pages: `layout` says which panel is on which page, `panels` how each chart is drawn; `static` draws."""

from .assets import Assets
from .layout import PAGES
from .not_found import missing
from .routes import Pages
from .security_headers import SecurityHeaders
from .templating import environment

__all__ = ["PAGES", "Assets", "Pages", "SecurityHeaders", "environment", "missing"]
