"""Access to the Kubernetes API: read-only, bounded in time and size, connected at the first use."""

import json
import os
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # importing the Kubernetes client takes most of a second; not every session needs it
    from kubernetes.client import ApiClient

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0
JSON = "application/json"
TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1"
"""The format that `kubectl get` requests: the server renders any kind as columns, without the data of Secrets."""

Query = list[tuple[str, str]]


class Cluster:
    """A Kubernetes API, found by KUBECONFIG, the pod's service account or `~/.kube/config`, in this order.

    Every method raises the exceptions of the official client: `ConfigException` if no cluster is configured,
    `MaxRetryError` if it can't be reached, `ApiException` (by status: `NotFoundException`, …) if it refuses.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._client: ApiClient | None = None

    def get(self, path: str, query: Query | None = None, accept: str = JSON) -> dict[str, Any]:
        """The JSON object at `path`, such as `/version`.

        Raises:
            ValueError: the answer is not a JSON object (a proxy's page, for example).
        """
        body = json.loads(self.read(path, query, accept))
        if not isinstance(body, dict):
            raise ValueError(f"The Kubernetes API answered {path} with something else than a JSON object")  # noqa: TRY004 - the value is wrong, not an argument's type
        return body

    def read(self, path: str, query: Query | None = None, accept: str = JSON) -> bytes:
        """The bytes at `path`; the caller bounds them by a limit in `query`."""
        client = self._connected()
        request = client.param_serialize(
            "GET", path, query_params=query or [], header_params={"Accept": accept}, auth_settings=["BearerToken"]
        )
        answer = client.call_api(*request, _request_timeout=(CONNECT_SECONDS, READ_SECONDS))
        data: Any = answer.read()  # type: ignore[no-untyped-call] # the official client is typed only in part
        if not 200 <= answer.status <= 299:
            client.response_deserialize(answer, {})  # raises the exception of this status
        return bytes(data)

    def _connected(self) -> "ApiClient":
        with self._lock:
            if self._client is None:
                self._client = _connect()
            return self._client


def _connect() -> "ApiClient":
    """A client without retries, so that no tool call waits for minutes."""
    from kubernetes.client import ApiClient, Configuration
    from kubernetes.config import load_incluster_config, load_kube_config
    from urllib3 import Retry

    configuration = Configuration()
    # Not `load_config`: it prints on stdout, which a stdio server must keep for the protocol.
    kubeconfig = os.environ.get("KUBECONFIG")
    if not kubeconfig and os.environ.get("KUBERNETES_SERVICE_HOST"):
        load_incluster_config(configuration)  # type: ignore[no-untyped-call] # as above
    else:
        path = kubeconfig or "~/.kube/config"
        # Nothing is written back to the user's kubeconfig.
        load_kube_config(path, None, configuration, persist_config=False)  # type: ignore[no-untyped-call] # as above
    configuration.retries = Retry(total=0)
    return ApiClient(configuration)
