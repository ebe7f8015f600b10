"""What is known about the Kubernetes cluster this runs in, and whether there is one to ask about."""

import os
from collections.abc import Mapping
from typing import Literal

import msgspec

How = Literal[
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
"""Every way the question can end; the first two are where a usable answer came from."""


class ClusterFacts(msgspec.Struct, frozen=True):
    """What the API server said.

    Attributes:
        reachable: whether a Kubernetes API server answered, be it with a refusal.
        uid: the UID of `kube-system`, lower case and of version 4, else None.
        version: the server's version such as `1.31.2`, else None.
        how: where the UID came from, or why there is none.
    """

    reachable: bool
    uid: str | None
    version: str | None
    how: How


NOT_ASKED = ClusterFacts(False, None, None, "no cluster")
"""What is known before anybody asked."""


def worth_asking(environ: Mapping[str, str]) -> bool:
    """Whether anything points to a cluster. Most machines have none, and then nothing that could ask is imported."""
    return bool(environ.get("KUBERNETES_SERVICE_HOST")) or any(map(os.path.lexists, kubeconfig_paths(environ)))


def kubeconfig_paths(environ: Mapping[str, str]) -> list[str]:
    """The files that KUBECONFIG names, or `~/.kube/config`."""
    named = [path for path in environ.get("KUBECONFIG", "").split(os.pathsep) if path]
    home = environ.get("HOME") or environ.get("USERPROFILE") or ""
    return named or ([os.path.join(home, ".kube", "config")] if home else [])
