"""How a product is installed, and to which pages its guide links: what the catalogue does not know."""

import json
from dataclasses import dataclass

from ...settings import Product


@dataclass(frozen=True)
class Shipping:
    """Markdown for the places of `guide.md` that depend on it. Links begin with what separates them from the sentence.

    Attributes:
        kubernetes_row: two cells: what runs the server in Kubernetes, and what turns telemetry off there.
        kubernetes: the section about it.
        client_entry: what is to be done with `client_json`, the configuration of an MCP client.
        docker: a command that runs the server with a named volume.
        image: what an image has to set.
        own_host: how the destination is set in Kubernetes.
        every_property: where each property is explained.
        dictionary: what the dictionary is called.
        proof: why the page is true.
    """

    kubernetes_row: str
    kubernetes: str
    client_entry: str
    client_json: str
    docker: str
    image: str
    own_host: str
    every_property: str = "The tables below explain each property."
    dictionary: str = "The dictionary of `footfall dictionary --json`"
    makers: str = "the product's makers"
    proof: str = "Its tables are written from the catalogue that checks each event."
    settings_link: str = ""
    threat_link: str = ""
    providers_link: str = ""
    proof_link: str = ""

    @classmethod
    def by_variables(cls, product: Product) -> "Shipping":
        """For any product: everything is set by variables."""
        prefix, name = product.prefix, product.name
        off = {"mcpServers": {name: {"env": {f"{prefix}TELEMETRY": "false"}}}}
        variable = _env((f"{prefix}TELEMETRY", '"false"'))
        return cls(
            kubernetes_row="Kubernetes | the variable in the container's `env`, see below",
            kubernetes=f"### Kubernetes\n\n{variable}",
            client_entry="; the other lines of the server's entry stay",
            client_json=json.dumps(off, indent=2),
            docker=f"docker run --rm --volume {name}-state:/var/lib/footfall \\\n"
            f"  --env {prefix}TELEMETRY_STATE_DIR=/var/lib/footfall IMAGE",
            image=f"`{prefix}TELEMETRY_STATE_DIR` names a directory that the container's user may write.",
            own_host=_env(
                (f"{prefix}POSTHOG_HOST", "https://posthog.example.com"),
                (f"{prefix}POSTHOG_KEY", "phc_the_project_key_of_your_posthog"),
            ),
        )


def _env(*variables: tuple[str, str]) -> str:
    lines = [f"  - name: {name}\n    value: {value}" for name, value in variables]
    return "\n".join(["```yaml", "env:", *lines, "```"])
