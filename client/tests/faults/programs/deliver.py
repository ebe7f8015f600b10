"""The next start: records nothing, and delivers what earlier processes left."""

import sys

from common import telemetry

host = telemetry()
done = host.flush(60)
host.close()
sys.exit(0 if done else 1)
