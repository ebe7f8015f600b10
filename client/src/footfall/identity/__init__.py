"""Who and where: the pseudonymous instance ID, and what every event says about its process.

`context` reads the environment, with the variables of `ci_vendors`; `instance_id` makes the ID from the cluster's
facts in `kubernetes`, or from a random value in the state directory.
"""

from .context import deployment_method, read_context
from .instance_id import identify, life_began

__all__ = ["deployment_method", "identify", "life_began", "read_context"]
