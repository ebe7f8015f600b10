"""Records nothing, and delivers the events that earlier processes left."""

import sys

from common import telemetry

host = telemetry()
done = host.flush(60)
host.close()
sys.exit(0 if done else 1)
