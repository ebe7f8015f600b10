"""What a process may learn about its Kubernetes cluster: the UID of `kube-system` and the server's version.

`facts` says what that is and whether to ask; `ask` asks once, over the `connection` that a pod or `kubeconfig` names.
Only `facts` is imported where there is no cluster.
"""

from .facts import NOT_ASKED, ClusterFacts, worth_asking

__all__ = ["NOT_ASKED", "ClusterFacts", "worth_asking"]
