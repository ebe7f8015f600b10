"""What may be said: the only events and properties that exist, and the values that each property can have.

`events` is the file to edit. It is written in the words of `schema` (what an event is) and `kinds` (what a value can
be; there is no kind for free text), with the closed lists of `vocabularies`. `plain_data` carries a product's own
events to the command line, and `json_schema` publishes all of it.

The client checks with it before the disk, the collector before its own. Public: `footfall.catalogue`.
"""

from .events import (
    EVENTS,
    QUESTIONS,
    WIRE_CONSTANTS,
    ClientConnected,
    Common,
    ServerStarted,
    ServerStopped,
    ToolError,
    ToolExecuted,
    catalogue_for,
    version_property,
)
from .json_schema import dictionary
from .kinds import (
    Amount,
    Checker,
    Flag,
    Identifier,
    Kind,
    ToolName,
    Value,
    Version,
    Vocabulary,
    clean_version,
    round_significant,
)
from .plain_data import event_types, outlined
from .schema import Catalogue, Event, EventCheck, Properties, Property, event_type, properties_of
from .vocabularies import AI_PROVIDER_ALIASES, AI_PROVIDER_VARIABLES, AI_PROVIDERS, DEPLOYMENT_METHODS, OTHER, UNKNOWN

__all__ = [
    "AI_PROVIDERS",
    "AI_PROVIDER_ALIASES",
    "AI_PROVIDER_VARIABLES",
    "DEPLOYMENT_METHODS",
    "EVENTS",
    "OTHER",
    "QUESTIONS",
    "UNKNOWN",
    "WIRE_CONSTANTS",
    "Amount",
    "Catalogue",
    "Checker",
    "ClientConnected",
    "Common",
    "Event",
    "EventCheck",
    "Flag",
    "Identifier",
    "Kind",
    "Properties",
    "Property",
    "ServerStarted",
    "ServerStopped",
    "ToolError",
    "ToolExecuted",
    "ToolName",
    "Value",
    "Version",
    "Vocabulary",
    "catalogue_for",
    "clean_version",
    "dictionary",
    "event_type",
    "event_types",
    "outlined",
    "properties_of",
    "round_significant",
    "version_property",
]
