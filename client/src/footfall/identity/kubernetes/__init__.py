"""Two facts about the Kubernetes cluster of this process: the UID of `kube-system` and the API server's version.

`facts` defines them and checks whether a cluster is configured. `ask` requests them once, over a `connection` to the
endpoint of the pod's service account or of the `kubeconfig`. Where no cluster is configured, only `facts` is
imported. Of the cluster nothing else is read, and failures are words of a fixed list. `pipeline` imports it.
"""

from .facts import NO_CLUSTER, ClusterFacts, cluster_configured

__all__ = ["NO_CLUSTER", "ClusterFacts", "cluster_configured"]
