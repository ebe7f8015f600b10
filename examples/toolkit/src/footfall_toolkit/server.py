"""The MCP server and the declarations of its tools: names, bounded parameters, and the descriptions for the model."""

from typing import Annotated, Any

from mcp.server.mcpserver import MCPServer
from mcp_types import ToolAnnotations
from pydantic import Field

from . import __version__
from .cluster import Cluster
from .kinds import Kinds
from .tools.describe import describe as describe_resource
from .tools.events import events as list_events
from .tools.logs import logs as read_logs
from .tools.query import query as query_resources
from .tools.validate import validate_manifest as check_manifest
from .tools.version import version as report_version

INSTRUCTIONS = (
    "Read-only tools for a Kubernetes cluster. Start with `query` to find resources, `describe` one of them, then "
    "look at its `events` and `logs`. `validate_manifest` checks YAML before it is applied and needs no cluster."
)

_KIND = Field(description="Kind, plural or short name, such as Deployment, pods, svc; add `.group` if ambiguous")
_NAME = Field(description="The resource's name", min_length=1, max_length=253)
Kind = Annotated[str, _KIND, Field(min_length=1, max_length=200)]
Name = Annotated[str, _NAME]
Namespace = Annotated[str, Field(description="Namespace", min_length=1, max_length=63)]
AnyNamespace = Annotated[str | None, Field(description="Namespace; all of them if left out", max_length=63)]
Selector = Annotated[str | None, Field(description="Label selector, such as app=web,tier!=cache", max_length=1000)]
Page = Annotated[int, Field(description="Maximum number of items", ge=1, le=500)]
Token = Annotated[str | None, Field(description="continue_token of the previous page", max_length=4000)]
Lines = Annotated[int, Field(description="Number of lines from the end", ge=1, le=2000)]
Manifest = Annotated[str, Field(description="YAML or JSON, one document or many")]
KubernetesVersion = Annotated[
    str | None, Field(description="Kubernetes version such as 1.34; the newest known if left out")
]


def build_server(cluster: Cluster | None = None, log_level: Any = "WARNING") -> MCPServer[Any]:
    """The server named `dot-ai` with all its tools; the environment names the cluster unless one is given."""
    server: MCPServer[Any] = MCPServer(
        "dot-ai", title="DevOps AI Toolkit", version=__version__, instructions=INSTRUCTIONS, log_level=log_level
    )
    cluster = cluster or Cluster()
    _add_cluster_tools(server, cluster)
    _add_resource_tools(server, cluster, Kinds(cluster))
    _add_offline_tools(server)
    return server


def _read_only(title: str, *, cluster: bool = True) -> dict[str, Any]:
    return {
        "title": title,
        "annotations": ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=cluster),
        "structured_output": False,
    }


def _add_cluster_tools(server: MCPServer[Any], cluster: Cluster) -> None:
    @server.tool(**_read_only("Versions"))
    def version() -> dict[str, Any]:
        """Version of this server and of the Kubernetes cluster, and whether the cluster can be reached."""
        return report_version(cluster)

    @server.tool(**_read_only("Recent events"))
    def events(namespace: AnyNamespace = None, warnings_only: bool = False, limit: Page = 50) -> dict[str, Any]:
        """Recent events of the cluster, newest first; with warnings_only just the warnings."""
        return list_events(cluster, namespace, warnings_only, limit)

    @server.tool(**_read_only("Container logs"))
    def logs(
        pod: Name,
        namespace: Namespace = "default",
        container: Annotated[str | None, Field(description="Needed if the pod has several", max_length=63)] = None,
        tail_lines: Lines = 100,
        previous: Annotated[bool, Field(description="The run before the last restart")] = False,
    ) -> str:
        """The end of a container's log, at most 64 KiB."""
        return read_logs(cluster, pod, namespace, container, tail_lines, previous)


def _add_resource_tools(server: MCPServer[Any], cluster: Cluster, kinds: Kinds) -> None:
    @server.tool(**_read_only("List resources"))
    def query(
        kind: Kind,
        namespace: AnyNamespace = None,
        label_selector: Selector = None,
        limit: Page = 100,
        continue_token: Token = None,
    ) -> dict[str, Any]:
        """Resources of one kind, custom ones included, in the columns that kubectl shows."""
        return query_resources(cluster, kinds, kind, namespace, label_selector, limit, continue_token)

    @server.tool(**_read_only("Describe a resource"))
    def describe(kind: Kind, name: Name, namespace: Namespace = "default") -> dict[str, Any]:
        """One resource in full, with its recent events. The data of secrets is not shown."""
        return describe_resource(cluster, kinds, kind, name, namespace)


def _add_offline_tools(server: MCPServer[Any]) -> None:
    @server.tool(**_read_only("Validate a manifest", cluster=False))
    def validate_manifest(manifest: Manifest, kubernetes_version: KubernetesVersion = None) -> dict[str, Any]:
        """Check a manifest against Kubernetes' schemas: which field is wrong, and on which line. Needs no cluster."""
        return check_manifest(manifest, kubernetes_version)
