"""What is known of the sender once it was identified, before its first batch."""

import msgspec


class InstanceFacts(msgspec.Struct, frozen=True):
    """The sender.

    Attributes:
        instance_id: the pseudonymous instance ID.
        kubernetes: the cluster's version where it is known.
        grace_ends: when the first send becomes possible, in epoch seconds.
        ends_with_process: whether no later process sends what this one leaves.
    """

    instance_id: str
    kubernetes: str | None
    grace_ends: float
    ends_with_process: bool = False
