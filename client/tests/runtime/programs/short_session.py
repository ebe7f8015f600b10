"""A session that is shorter than the grace period. Prints whether the directory lasts, and the log.

python short_session.py HOST
"""

import logging
import sys

from footfall import Product, Telemetry
from footfall.catalogue import ToolExecuted
from footfall.runtime import open_state_directory
from footfall.settings import Settings


def main() -> None:
    logging.basicConfig(format="%(message)s", stream=sys.stdout)
    product = Product("post", version="1.0", write_key="phc_own", host=sys.argv[1])
    settings = Settings.read(product)
    print(open_state_directory(settings.state_dir, configured=settings.state_dir_configured).note)
    telemetry = Telemetry(product)
    telemetry.register_tools("greet")
    telemetry.server_started()
    telemetry.record(ToolExecuted(tool="greet", success=True, duration_ms=1.0))


main()
