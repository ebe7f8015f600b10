"""Asks the Kubernetes API server for the UID of the namespace `kube-system` and for the server's version.

It asks once. One time limit covers name resolution, the connection and both answers, however slowly they arrive.
There is no retry, no redirect, no proxy and no log line; `footfall status` shows the outcome. RBAC needs `get` on that
one namespace; every account may read the version.
"""

import os
import re
from collections.abc import Mapping
from contextlib import closing

import msgspec

from ...catalogue import clean_version
from ...runtime.nesting import is_nested_deep
from .connection import ApiConnection, TimeLimit, is_tls_error
from .facts import ClusterFacts, LookupOutcome
from .kubeconfig import Endpoint, NoAnswerError, current_endpoint, read_file

SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
NAMESPACE_PATH = "/api/v1/namespaces/kube-system"
VERSION_PATH = "/version"

_UID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def ask_api_server(
    environ: Mapping[str, str], timeout: float = 2.0, service_account: str = SERVICE_ACCOUNT
) -> ClusterFacts:
    """Ask the API server of the cluster this runs in, else of the current kubeconfig context.

    Blocks for at most `timeout` seconds; never raises, never logs. Do not call it on the host's threads.

    Args:
        environ: KUBERNETES_SERVICE_HOST and _PORT, KUBECONFIG and HOME are read.
        timeout: seconds for the whole look-up.
        service_account: the directory with `token` and `ca.crt`.
    """
    import threading

    time_limit = TimeLimit(timeout)
    query = _ClusterQuery(environ, service_account, time_limit)
    # Name resolution can't be interrupted, so it runs on a thread that can be abandoned.
    thread = threading.Thread(target=query.run, name="footfall-kubernetes", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # no more threads allowed, or the interpreter is about to end
        return ClusterFacts(False, None, None, "unreachable")
    try:
        thread.join(timeout)
        return query.facts
    finally:
        time_limit.cancel()


class _ClusterQuery:
    """One look-up; `facts` holds the answers so far."""

    def __init__(self, environ: Mapping[str, str], service_account: str, time_limit: TimeLimit) -> None:
        self._environ = environ
        self._service_account = service_account
        self._time_limit = time_limit
        # Replaced as a whole, because another thread may read it at any moment.
        self.facts = ClusterFacts(False, None, None, "timeout")

    def run(self) -> None:
        """Request the UID, then the version. Every failure becomes a word of `LookupOutcome`."""
        try:
            endpoint = find_endpoint(self._environ, self._service_account)
            with closing(ApiConnection(endpoint, self._time_limit)) as connection:
                self._ask_uid(endpoint, connection)
                # Without a usable answer to the first request there is no second one.
                self.facts = msgspec.structs.replace(self.facts, version=parse_version(connection.get(VERSION_PATH)))
        except NoAnswerError as reason:
            self._conclude(reason.outcome)
        except TimeoutError:
            self._conclude("timeout")
        except OSError as error:
            self._conclude("tls" if is_tls_error(error) else "unreachable")
        except (ValueError, OverflowError):  # an invalid address, port or token
            self._conclude("unreachable")

    def _ask_uid(self, endpoint: Endpoint, connection: ApiConnection) -> None:
        try:
            uid = parse_uid(connection.get(NAMESPACE_PATH))
        except NoAnswerError as reason:
            if reason.outcome not in ("forbidden", "uid not version 4"):
                raise
            self.facts = ClusterFacts(True, None, None, reason.outcome)
        else:
            self.facts = ClusterFacts(True, uid, None, endpoint.source)

    def _conclude(self, outcome: LookupOutcome) -> None:
        # The outcome of the first request counts; a failure of the second one does not replace it.
        if not self.facts.reachable:
            self.facts = ClusterFacts(outcome == "unauthorized", None, None, outcome)


def find_endpoint(environ: Mapping[str, str], service_account: str = SERVICE_ACCOUNT) -> Endpoint:
    """The cluster this runs in, else the current kubeconfig context. Raises NoAnswerError if there is neither."""
    try:
        return _in_cluster_endpoint(environ, service_account)
    except NoAnswerError as reason:
        in_cluster_reason = reason
    try:
        return current_endpoint(environ)
    except NoAnswerError as reason:
        raise (in_cluster_reason if reason.outcome == "no cluster" else reason) from None


def _in_cluster_endpoint(environ: Mapping[str, str], service_account: str) -> Endpoint:
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


def parse_uid(answer: bytes) -> str:
    """The UID in a namespace's JSON, lower case. Raises NoAnswerError if it has no UID of version 4.

    Only version 4 is random. Clusters created before Kubernetes 1.15 have version 1: a MAC address and a time.
    """
    metadata = _parse_object(answer).get("metadata")
    uid = metadata.get("uid") if isinstance(metadata, dict) else None
    folded = uid.lower() if type(uid) is str else ""
    if _UID4.fullmatch(folded):
        return folded
    raise NoAnswerError("uid not version 4" if _UID.fullmatch(folded) else "not an API answer")


def parse_version(answer: bytes) -> str | None:
    """The admissible part of `gitVersion`: `1.31.2` of `v1.31.2-gke.1`; None if there is none."""
    return clean_version(_parse_object(answer).get("gitVersion"))


def _parse_object(answer: bytes) -> dict[str, object]:
    try:
        value = None if is_nested_deep(answer) else msgspec.json.decode(answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise NoAnswerError("not an API answer")
    return value
