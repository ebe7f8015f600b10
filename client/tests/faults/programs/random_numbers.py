"""Seeds the process's random numbers, records until a line comes, and says whether they are what the seed gives."""

import random
import sys

from recording_host import ledger, ready, telemetry

random.seed(1)
expected = [random.random() for _ in range(3)]
random.seed(1)
host = telemetry()
host.server_started()
ledger().record(host, 100)
ready()
sys.stdin.readline()
host.flush(2.0)
host.close()
equal = [random.random() for _ in range(3)] == expected
print("numbers", "equal" if equal else "different", flush=True)
