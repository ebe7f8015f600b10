"""The catalogue: the only events and properties that exist, and the values that each property can have.

`events` is the file to edit. It uses `schema` (the form of an event) and `kinds` (the sets of values; there is none for
free text), with the closed lists of `vocabularies`. `own_events` and `extra_properties` say what a product may add,
`loading`, which servers do not import, reads that from a file or module, `plain_data` carries it to the command line,
and `json_schema` publishes the catalogue. The client checks every event with it before the disk, and so does the
collector.

Public are the names in `__all__`: what a product needs to record the five events and to define its own. The other
names are for Footfall's own packages; they, and the modules of this package, may change in any release.
"""

from .events import EVENTS as EVENTS
from .events import QUESTIONS as QUESTIONS
from .events import WIRE_CONSTANTS as WIRE_CONSTANTS
from .events import ClientConnected, ServerStarted, ServerStopped, ToolError, ToolExecuted
from .events import CommonProperties as CommonProperties
from .events import catalogue_for as catalogue_for
from .events import version_property as version_property
from .json_schema import to_json_schema as to_json_schema
from .kinds import MAX_TOOL_NAME as MAX_TOOL_NAME
from .kinds import Amount, Flag, Identifier, ToolName, Version, Vocabulary
from .kinds import Checker as Checker
from .kinds import Kind as Kind
from .kinds import Value as Value
from .kinds import clean_version as clean_version
from .kinds import round_significant as round_significant
from .plain_data import from_plain_data as from_plain_data
from .plain_data import to_plain_data as to_plain_data
from .schema import Catalogue as Catalogue
from .schema import Event, ExtraProperties, Property
from .schema import EventCheck as EventCheck
from .schema import EventType as EventType
from .schema import Properties as Properties
from .schema import event_type as event_type
from .schema import properties_of as properties_of
from .vocabularies import AI_PROVIDER_ALIASES as AI_PROVIDER_ALIASES
from .vocabularies import AI_PROVIDER_VARIABLES as AI_PROVIDER_VARIABLES
from .vocabularies import AI_PROVIDERS as AI_PROVIDERS
from .vocabularies import DEPLOYMENT_METHODS as DEPLOYMENT_METHODS
from .vocabularies import OTHER, UNKNOWN

__all__ = [
    "OTHER",
    "UNKNOWN",
    "Amount",
    "ClientConnected",
    "Event",
    "ExtraProperties",
    "Flag",
    "Identifier",
    "Property",
    "ServerStarted",
    "ServerStopped",
    "ToolError",
    "ToolExecuted",
    "ToolName",
    "Version",
    "Vocabulary",
]
