"""The places where secrets are planted. The table of docs/privacy-proof.md is generated from this one."""

from tests.privacy.planted import ASCII, NAMES, Place

_WORDS = ("identifier", "name", "sentence", "e-mail", "uuid", "path", "address")
_FILE = ("plain", "cyrillic", "zero width")

CLIENT = (
    Place("arguments", "names and values of tool arguments"),
    Place("results", "results of tools, and the resources they read"),
    Place("unknown tools", "names of tools that do not exist, in calls from a client", _WORDS),
    Place(
        "late tools",
        "names of tools that no code registers, as a listing or another server brings",
        ("identifier",),
        ASCII,
    ),
    Place("messages", "messages of exceptions, of their causes and notes"),
    Place("classes", "names of exception classes made at run time, or renamed", _WORDS),
    Place("modules", "modules and qualified names of such classes", ("identifier", "path")),
    Place("client names", "names, titles and descriptions of MCP clients", _WORDS),
    Place("client versions", "versions of MCP clients", ("version", "address", "sentence", "number", "key")),
    Place("meta", "keys and values of a request's `_meta`", ("identifier", "e-mail", "key"), ASCII),
    Place("headers", "names and values of HTTP headers, and the query", ("identifier", "key", "e-mail"), ASCII),
    Place("server", "name, version and instructions of the server", ("name", "version", "sentence")),
    Place("product version", "the host application's version", ("version",), ("plain",), 0),
    Place("by hand", "values that a host application records by hand, and a custom event", more=1),
    Place("extra properties", "what a host's function for extra properties returns and raises"),
    Place("provider keys", "values of AI providers' variables", ("key",), ASCII),
    Place("words", "`AI_PROVIDER`, `DOT_AI_DEPLOYMENT_METHOD`", ("identifier", "e-mail"), ("plain",), 0),
    Place("variables", "names and values of other environment variables", ("identifier", "key", "path", "e-mail")),
    Place("slips", "wrong values of telemetry's own settings", ("key", "path", "sentence", "e-mail"), ASCII),
    Place("command line", "arguments of the server's command line", ("path", "e-mail", "key")),
    Place("directories", "home and working directory", NAMES, _FILE, 0),
    Place("host name", "the machine's name", ("identifier",), ("plain",), 0),
    Place("user name", "the user's name", ("identifier",), ("plain",), 0),
    Place("kubeconfig", "names, user and token of the kubeconfig", ("identifier", "name", "key"), ASCII),
    Place("cluster", "what the API server says besides: labels, annotations, build", ("identifier", "e-mail", "path")),
    Place("kubernetes version", "vendor suffix of the Kubernetes version", ("identifier",), ("plain",), 0),
    Place("cluster UID", "the UID of the namespace `kube-system`", ("uuid",), ("plain", "upper case"), 0),
    Place("spool", "lines of another program in the spool"),
)
COLLECTOR = (
    Place("event names", "names of events that no catalogue has"),
    Place("property names", "names of properties that no catalogue has"),
    Place("property values", "values of every property of every event"),
    Place("instance IDs", "`distinct_id`s: an e-mail address, a host name"),
    Place("stamps", "`timestamp`, `sent_at`, `offset` and `uuid` that are none"),
    Place("write keys", "write keys that the collector doesn't know", ("key", "uuid", "identifier"), ASCII),
    Place("request lines", "paths and queries of requests", disguises=ASCII),
    Place("request headers", "headers of requests, `Host` and `X-Forwarded-For` among them", disguises=ASCII),
    Place("bad bodies", "bodies that can't be read, or are cut off, or encoded wrongly"),
    Place("senders", "the addresses that requests come from", ("sender",), ("plain",), 0),
)
PLACES = CLIENT + COLLECTOR
