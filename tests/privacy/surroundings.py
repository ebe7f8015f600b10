"""The environment of a host application: variables, directories and a Kubernetes cluster, all full of secrets."""

import base64
import json
import os
import random
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from client.tests.identity.kubernetes.certificates import Authority
from client.tests.identity.kubernetes.kube_api import (
    NAMESPACE,
    VERSION,
    Answer,
    KubeApi,
    kube_api,
    namespace,
    version,
)
from footfall.catalogue import AI_PROVIDER_VARIABLES
from tests.privacy.planted import Plan


@dataclass(frozen=True)
class Surroundings:
    """Where a host application runs.

    Attributes:
        home, work: its home and working directory, named after secrets.
        clusters: API servers, by name; `old` has a UID that is not random.
        uids: their UIDs.
    """

    plan: Plan
    home: Path
    work: Path
    clusters: dict[str, KubeApi]
    uids: dict[str, str]
    authority: Authority

    @property
    def state(self) -> Path:
        """Where telemetry of all products keeps its state."""
        return self.home / ".local" / "state" / "footfall"

    def environment(self, cluster: str, **more: str) -> dict[str, str]:
        """The variables of a host application in a cluster."""
        plan, texts = self.plan, self.plan.texts("variables")
        keys = plan.texts("provider keys")
        planted = {f"{text.replace('=', '_')}": texts[number - 1] for number, text in enumerate(texts)}
        planted |= {f"PLANTED_{number}": text for number, text in enumerate(texts)}
        planted |= {name: keys[number % len(keys)] for number, name in enumerate(AI_PROVIDER_VARIABLES)}
        user, host = plan.one("user name"), plan.one("host name")
        return {
            **planted,
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "PWD": str(self.work),
            "USER": user,
            "LOGNAME": user,
            "HOSTNAME": host,
            "KUBECONFIG": str(self._kubeconfig(cluster)),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            **more,
        }

    def _kubeconfig(self, cluster: str) -> Path:
        name, user, token, *_ = self.plan.texts("kubeconfig")
        path = self.home / f"{cluster}.kubeconfig"
        document = {
            "current-context": name,
            "contexts": [{"name": name, "context": {"cluster": name, "user": user, "namespace": user}}],
            "clusters": [
                {
                    "name": name,
                    "cluster": {
                        "server": self.clusters[cluster].server,
                        "certificate-authority-data": _base64(self.authority.pem),
                    },
                }
            ],
            "users": [{"name": user, "user": {"token": token}}],
        }
        path.write_text(json.dumps(document))
        return path


def old_uid(plan: Plan) -> str:
    """A UID as clusters born before Kubernetes 1.15 have: of version 1, made of a time and a network card's address."""
    rng = random.Random(f"{plan.seed}/old UID")
    return f"{rng.getrandbits(32):08x}-1dd2-11e8-{rng.randrange(0x8000, 0xC000):04x}-{rng.getrandbits(48):012x}"


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


@contextmanager
def surroundings(plan: Plan, directory: Path) -> Iterator[Surroundings]:
    """Make them below a directory; the clusters answer while entered."""
    home, work = (directory / text.replace("/", "_") for text in plan.texts("directories")[:2])
    for path in (home, work):
        path.mkdir()
    uids = {"new": plan.one("cluster UID"), "old": old_uid(plan)}
    authority = Authority()
    tls = authority.server(directory)
    with ExitStack() as stack:
        clusters = {name: stack.enter_context(_cluster(plan, uid, tls)) for name, uid in uids.items()}
        yield Surroundings(plan, home, work, clusters, uids, authority)


@contextmanager
def _cluster(plan: Plan, uid: str, tls: ssl.SSLContext) -> Iterator[KubeApi]:
    said = json.loads(namespace(uid).body)
    texts = plan.texts("cluster")
    said["metadata"]["labels"] |= {text: text for text in texts}
    said["metadata"]["annotations"] = {"owner": texts[0], "spec": json.dumps(texts)}
    build = json.loads(version(f"v1.31.2-{plan.one('kubernetes version')}").body)
    build |= {"gitCommit": texts[0], "platform": texts[-1]}
    answers = {NAMESPACE: Answer(body=json.dumps(said).encode()), VERSION: Answer(body=json.dumps(build).encode())}
    with kube_api(answers, tls=tls) as api:
        yield api
