"""The catalogue: every event and property. Edit this file; `make generate` refreshes everything derived from it.

Five events answer four questions. Nothing else is sent, except the events that a product declares in its own catalogue.
"""

from collections.abc import Iterable
from typing import Annotated, Any

from .kinds import Amount, Flag, Identifier, ToolName, Version, Vocabulary
from .schema import Catalogue, Event, Property, properties_of
from .vocabularies import AI_PROVIDER_ALIASES, AI_PROVIDERS, DEPLOYMENT_METHODS, MCP_CLIENTS, TRANSPORTS, UNKNOWN

QUESTIONS = {
    "tools": "Which tools are most valuable?",
    "errors": "Which errors do users meet in the wild?",
    "providers": "Which AI providers and clients should be prioritised?",
    "next": "What do the data say about the product's next decision (versions, Kubernetes, retention)?",
}

WIRE_CONSTANTS: dict[str, Any] = {"$geoip_disable": True, "$process_person_profile": False, "$ip": "0.0.0.0"}  # noqa: S104
"""Sent with every event, so that PostHog looks up no location, creates no person and stores no sender address."""

MCP_CLIENT = Vocabulary("mcp_client", (*MCP_CLIENTS, UNKNOWN))

Tool = Annotated[
    str,
    Property(
        ToolName(),
        meaning="The tool's name as the server registered it; any other name is `other`",
        purpose="Rank tools by use, error rate and duration",
        question="tools",
    ),
]
Client = Annotated[
    str,
    Property(
        MCP_CLIENT,
        meaning="The MCP client's public name; `http` for REST calls, `unknown` if the client gave none",
        purpose="Know which clients to test against and to document",
        question="providers",
        required=False,
    ),
]


class ToolExecuted(Event, frozen=True, tag="tool_executed"):
    meaning = "A tool call ended, successfully or not."

    tool: Tool
    success: Annotated[
        bool,
        Property(
            Flag(),
            meaning="Whether the call returned a result that is not an error",
            purpose="The error rate of each tool and version",
            question="errors",
        ),
    ]
    duration_ms: Annotated[
        float,
        Property(
            Amount("milliseconds", 86_400_000),
            meaning="Wall time of the call in milliseconds, two significant digits",
            purpose="Find slow tools",
            question="tools",
        ),
    ]
    mcp_client: Client = UNKNOWN


class ToolError(Event, frozen=True, tag="tool_error"):
    meaning = "A tool call failed. It has the class of the error, never the message."

    tool: Tool
    error_type: Annotated[
        str,
        Property(
            Identifier(),
            meaning="The class name of the original exception, never its message",
            purpose="Rank the errors that users meet",
            question="errors",
        ),
    ]


class ServerStarted(Event, frozen=True, tag="server_started"):
    meaning = "The server process began to serve."

    k8s_version: (
        Annotated[
            str,
            Property(
                Version(),
                meaning="Version of the Kubernetes API server, without vendor suffix",
                purpose="Decide which Kubernetes versions to support",
                question="next",
                required=False,
            ),
        ]
        | None
    ) = None
    deployment_method: (
        Annotated[
            str,
            Property(
                Vocabulary("deployment_method", DEPLOYMENT_METHODS),
                meaning="How the server was installed",
                purpose="Decide which installation methods to support",
                question="next",
                required=False,
            ),
        ]
        | None
    ) = None


class ServerStopped(Event, frozen=True, tag="server_stopped"):
    meaning = "The server process is about to end."

    uptime_seconds: Annotated[
        float,
        Property(
            Amount("seconds", 315_360_000),
            meaning="Seconds since the server process began to serve, two significant digits",
            purpose="Tell short command-line sessions from long-running servers",
            question="next",
        ),
    ]


class ClientConnected(Event, frozen=True, tag="client_connected"):
    meaning = "An MCP client opened a session, or sent its first request of the day where the protocol has no sessions."

    mcp_client: Client = UNKNOWN
    mcp_client_version: (
        Annotated[
            str,
            Property(
                Version(),
                meaning="The MCP client's version, three numeric parts at most",
                purpose="Know which versions of a client still have to work",
                question="providers",
                required=False,
            ),
        ]
        | None
    ) = None
    transport: (
        Annotated[
            str,
            Property(
                Vocabulary("transport", (*TRANSPORTS, UNKNOWN)),
                meaning="The MCP transport of the session",
                purpose="Decide which transports to support",
                question="next",
                required=False,
            ),
        ]
        | None
    ) = None


EVENTS: tuple[type[Event], ...] = (ToolExecuted, ToolError, ServerStarted, ServerStopped, ClientConnected)


class CommonProperties(Event, frozen=True):
    """The properties that every event carries. `product_version` is `<product>_version` on the wire."""

    product_version: Annotated[
        str,
        Property(
            Version(),
            meaning="Version of the product",
            purpose="Compare releases and see how fast they are adopted",
            question="next",
            required=False,
        ),
    ]
    ai_provider: Annotated[
        str,
        Property(
            Vocabulary("ai_provider", AI_PROVIDERS, tuple(AI_PROVIDER_ALIASES.items())),
            meaning="Name of the configured AI provider; only the presence of a key is read, never its value",
            purpose="Decide which AI providers to prioritise",
            question="providers",
            required=False,
        ),
    ]
    is_internal: Annotated[
        bool,
        Property(
            Flag(),
            meaning="Whether the process runs in CI or under a test",
            purpose="Keep CI and test runs out of the answers",
            question="next",
            required=False,
        ),
    ]


def version_property(product: str) -> str:
    """The wire name of a product's version: `dot_ai_version` for `dot-ai`."""
    return f"{product.replace('-', '_')}_version"


def catalogue_for(product: str, *, events: Iterable[type[Event]] = (), client_names: Iterable[str] = ()) -> Catalogue:
    """The catalogue of a product: the five events, the product's own `events`, and its own client names.

    Raises TypeError where an own event takes the name of another event, or gives a property another type.
    """
    common = properties_of(CommonProperties)
    common = {version_property(product) if name == "product_version" else name: p for name, p in common.items()}
    return Catalogue(product, EVENTS, common, client_names, events)
