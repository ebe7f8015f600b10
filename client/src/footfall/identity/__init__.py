"""The pseudonymous instance ID, and the properties of the process that every event carries.

`context` reads the environment, with the variables listed in `ci_vendors`. `kubernetes` asks the cluster for its UID
and version, and `instance_id` hashes that UID, or keeps a random ID in the state directory. Of keys and tokens in the
environment only their presence is read, and no UID leaves the process unhashed. `pipeline` and `cli` import it.
"""

from .context import deployment_method, read_context
from .instance_id import first_started_at, identify

__all__ = ["deployment_method", "first_started_at", "identify", "read_context"]
