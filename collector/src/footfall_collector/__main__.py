"""`python -m footfall_collector`."""

import sys

from .cli import main

sys.exit(main())
