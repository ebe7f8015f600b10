"""The facts about the Kubernetes cluster of this process, and whether a cluster is configured."""

import os
from collections.abc import Mapping
from typing import Literal

import msgspec

LookupOutcome = Literal[
    "in-cluster",
    "kubeconfig",
    "no cluster",
    "no service-account token",
    "no service-account CA",
    "kubeconfig not readable",
    "unsupported login",
    "needs a proxy",
    "client key needs memfd",
    "unreachable",
    "timeout",
    "tls",
    "unauthorized",
    "forbidden",
    "redirect",
    "server error",
    "not an API answer",
    "answer too large",
    "uid not version 4",
]
"""Every outcome of a look-up. The first two name the source of a usable answer, the others are failures."""


class ClusterFacts(msgspec.Struct, frozen=True):
    """The answers of the API server.

    Attributes:
        reachable: whether a Kubernetes API server answered, even with a refusal.
        uid: the UID of `kube-system`, lower case and of version 4, else None.
        version: the server's version such as `1.31.2`, else None.
        outcome: the source of the UID, or why there is none.
    """

    reachable: bool
    uid: str | None
    version: str | None
    outcome: LookupOutcome


NO_CLUSTER = ClusterFacts(False, None, None, "no cluster")
"""The facts where no cluster is configured."""


def cluster_configured(environ: Mapping[str, str]) -> bool:
    """Whether a service account or a kubeconfig exists. If not, the code that asks a cluster is not even imported."""
    return bool(environ.get("KUBERNETES_SERVICE_HOST")) or any(map(os.path.lexists, kubeconfig_paths(environ)))


def kubeconfig_paths(environ: Mapping[str, str]) -> list[str]:
    """The files in KUBECONFIG, or `~/.kube/config`."""
    named = [path for path in environ.get("KUBECONFIG", "").split(os.pathsep) if path]
    home = environ.get("HOME") or environ.get("USERPROFILE") or ""
    return named or ([os.path.join(home, ".kube", "config")] if home else [])
