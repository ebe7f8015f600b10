"""Records nothing, and delivers the events that earlier processes left."""

import sys

from recording_host import telemetry

host = telemetry()
done = host.flush(60)
host.close()
sys.exit(0 if done else 1)
