"""The error messages that the model reads. The original exception stays the cause, so that telemetry can record it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from mcp.server.mcpserver.exceptions import ToolError

_NO_CLUSTER = "No Kubernetes cluster is configured: set KUBECONFIG, or run in a cluster with a service account."
_UNREACHABLE = "The Kubernetes API can't be reached ({reason}). Check that the cluster is up and KUBECONFIG is right."


@contextmanager
def explain_failures() -> Iterator[None]:
    """Turn exceptions of the Kubernetes client into a `ToolError` with a plain sentence, raised from the original."""
    from kubernetes.client.exceptions import ApiException
    from kubernetes.config import ConfigException
    from urllib3.exceptions import HTTPError, MaxRetryError

    try:
        yield
    except ConfigException as error:
        raise ToolError(_NO_CLUSTER) from error
    except MaxRetryError as error:
        raise ToolError(_UNREACHABLE.format(reason=type(error.reason or error).__name__)) from error
    except HTTPError as error:
        raise ToolError(_UNREACHABLE.format(reason=type(error).__name__)) from error
    except ApiException as error:
        raise ToolError(f"The Kubernetes API refused ({error.status}): {_message(error.body, error.reason)}") from error
    except ValueError as error:
        raise ToolError(str(error)) from error


def _message(body: object, reason: object) -> str:
    """The `message` of a Kubernetes Status object, else the HTTP reason."""
    try:
        status = json.loads(body) if isinstance(body, str | bytes) else None
    except ValueError:
        status = None
    message = status.get("message") if isinstance(status, dict) else None
    return str(message or reason or "no reason given")[:1000]
