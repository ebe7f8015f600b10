"""The one question to the Kubernetes API server: the UID of the namespace `kube-system`, and the server's version.

Asked once, within one time limit for everything: name resolution, connecting, both answers, however slowly they drip.
No retry, no redirect, no proxy, no log line; `footfall status` shows how it went. RBAC needs `get` on that one
namespace; every account may read the version.
"""

import os
import re
from collections.abc import Mapping
from contextlib import closing

import msgspec

from ...catalogue import clean_version
from .connection import Line, Patience, is_tls
from .facts import ClusterFacts, How
from .kubeconfig import Endpoint, NoAnswerError, current_endpoint, read_file

SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
NAMESPACE_PATH = "/api/v1/namespaces/kube-system"
VERSION_PATH = "/version"

_UID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def ask(environ: Mapping[str, str], timeout: float = 2.0, service_account: str = SERVICE_ACCOUNT) -> ClusterFacts:
    """Ask the API server of the cluster this runs in, else of the current kubeconfig context.

    Blocks for at most `timeout` seconds; never raises, never logs. Call it off the host's threads.

    Args:
        environ: KUBERNETES_SERVICE_HOST and _PORT, KUBECONFIG and HOME are read.
        timeout: seconds for all of it.
        service_account: the directory with `token` and `ca.crt`.
    """
    import threading

    patience = Patience(timeout)
    question = _Question(environ, service_account, patience)
    # Name resolution can't be interrupted, so it happens on a thread that can be left behind.
    thread = threading.Thread(target=question.run, name="footfall-kubernetes", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # no more threads allowed, or the interpreter is about to end
        return ClusterFacts(False, None, None, "unreachable")
    try:
        thread.join(timeout)
        return question.facts
    finally:
        patience.cut()


class _Question:
    """One question: who to ask, and in `facts` what came back so far."""

    def __init__(self, environ: Mapping[str, str], service_account: str, patience: Patience) -> None:
        self._environ = environ
        self._service_account = service_account
        self._patience = patience
        # Replaced whole, because another thread reads it at any moment.
        self.facts = ClusterFacts(False, None, None, "timeout")

    def run(self) -> None:
        """Ask both things. Whatever goes wrong becomes a word of `How`."""
        try:
            endpoint = find_endpoint(self._environ, self._service_account)
            with closing(Line(endpoint, self._patience)) as line:
                self._ask_uid(endpoint, line)
                # A server that gave no usable answer to the first question is not asked a second one.
                self.facts = msgspec.structs.replace(self.facts, version=version_in(line.get(VERSION_PATH)))
        except NoAnswerError as reason:
            self._conclude(reason.how)
        except TimeoutError:
            self._conclude("timeout")
        except OSError as error:
            self._conclude("tls" if is_tls(error) else "unreachable")
        except (ValueError, OverflowError):  # an address, port or token that can't be one
            self._conclude("unreachable")

    def _ask_uid(self, endpoint: Endpoint, line: Line) -> None:
        try:
            uid = uid_in(line.get(NAMESPACE_PATH))
        except NoAnswerError as reason:
            if reason.how not in ("forbidden", "uid not version 4"):
                raise
            self.facts = ClusterFacts(True, None, None, reason.how)
        else:
            self.facts = ClusterFacts(True, uid, None, endpoint.how)

    def _conclude(self, how: How) -> None:
        # An answer to the first question says more than whatever became of the second.
        if not self.facts.reachable:
            self.facts = ClusterFacts(how == "unauthorized", None, None, how)


def find_endpoint(environ: Mapping[str, str], service_account: str = SERVICE_ACCOUNT) -> Endpoint:
    """The cluster this runs in, else the current kubeconfig context. Raises NoAnswerError where there is neither."""
    try:
        return _in_cluster(environ, service_account)
    except NoAnswerError as reason:
        inside = reason
    try:
        return current_endpoint(environ)
    except NoAnswerError as reason:
        raise (inside if reason.how == "no cluster" else reason) from None


def _in_cluster(environ: Mapping[str, str], service_account: str) -> Endpoint:
    host = environ.get("KUBERNETES_SERVICE_HOST", "")
    if not host:
        raise NoAnswerError("no cluster")
    token = (read_file(os.path.join(service_account, "token")) or b"").decode("ascii", "ignore").strip()
    if not token:
        raise NoAnswerError("no service-account token")
    authorities = (read_file(os.path.join(service_account, "ca.crt")) or b"").decode("ascii", "ignore")
    if not authorities:
        raise NoAnswerError("no service-account CA")
    port = environ.get("KUBERNETES_SERVICE_PORT") or "443"
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    return Endpoint("in-cluster", server, token=token, authorities=authorities)


def uid_in(answer: bytes) -> str:
    """The UID in a namespace's JSON, lower case. Raises NoAnswerError where there is none of version 4.

    Only version 4 is random. Clusters born before Kubernetes 1.15 have version 1, made of a MAC address and a time.
    """
    metadata = _object(answer).get("metadata")
    uid = metadata.get("uid") if isinstance(metadata, dict) else None
    folded = uid.lower() if type(uid) is str else ""
    if _UID4.fullmatch(folded):
        return folded
    raise NoAnswerError("uid not version 4" if _UID.fullmatch(folded) else "not an API answer")


def version_in(answer: bytes) -> str | None:
    """The admissible part of `gitVersion`: `1.31.2` of `v1.31.2-gke.1`; None where there is none."""
    return clean_version(_object(answer).get("gitVersion"))


def _object(answer: bytes) -> dict[str, object]:
    try:
        value = msgspec.json.decode(answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise NoAnswerError("not an API answer")
    return value
