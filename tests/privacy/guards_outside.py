"""The guards of data that leaves the process, and those of the collector. See guards.py."""

from tests.privacy.cuts import Guard, client, collector
from tests.privacy.guards import CONTEXT, KINDS, RECORDING

WIRE = (
    Guard(
        "checked again",
        "properties that another program, or an older version, left in the spool",
        (
            client(
                "send/packer",
                "admitted = check(properties.get)",
                "admitted = {**properties, **(check(properties.get) or {})}",
            ),
        ),
        "wire/text",
        quick=True,
    ),
    Guard(
        "known events again",
        "events that another program left in the spool",
        (
            client(
                "send/packer",
                "if check is None:\n            return None",
                "if check is None:\n            return bytes(line.properties)[1:-1]",
            ),
        ),
        "wire/text",
    ),
    Guard(
        "common properties again",
        "common properties that another program left in the spool",
        (
            client(
                "send/packer",
                "shared = self._common_check((common if type(common) is dict else {}).get) or {}",
                "shared = common",
            ),
        ),
        "wire/text",
    ),
    Guard(
        "instance IDs only",
        "an ID that another program left in the spool",
        (
            client(
                "send/packer",
                "valid = type(spooled_id) is str and _INSTANCE_ID.fullmatch(spooled_id)",
                "valid = spooled_id",
            ),
        ),
        "wire/text",
    ),
    Guard(
        "no address stored",
        "PostHog storing the sender's address",
        (client("catalogue/events", ', "$ip": "0.0.0.0"}', "}"),),
        "wire: tool_executed: constants",
    ),
    Guard(
        "no place looked up",
        "PostHog looking up the place of the sender's address",
        (client("catalogue/events", '"$geoip_disable": True', '"$geoip_disable": False'),),
        "wire: tool_executed: constants",
    ),
    Guard(
        "no person made",
        "PostHog making a person of the instance",
        (client("catalogue/events", '"$process_person_profile": False', '"$process_person_profile": True'),),
        "wire: tool_executed: constants",
    ),
    Guard(
        "whole seconds of sending",
        "a moment of sending that is exact",
        (client("send/wire", '"sent_at": rfc3339(int(sent_at))', '"sent_at": str(sent_at)'),),
        "wire: sent_at",
    ),
    Guard(
        "bare gzip",
        "a time or a file's name in the header of the gzip stream",
        (
            client(
                "send/wire",
                "return compressor.compress(body) + compressor.flush()",
                'return __import__("gzip").compress(body, mtime=time.time())',
            ),
        ),
        "wire: the gzip header",
    ),
    Guard(
        "no more headers",
        "headers that the HTTP library adds by itself",
        (client("send/http/direct", ", skip_accept_encoding=True", ""),),
        "wire: headers",
    ),
    Guard(
        "files for the owner only",
        "other users of the machine reading the log of what was sent",
        (client("runtime/private_files", "flags | _NO_LINKS, 0o600)", "flags | _NO_LINKS, 0o644)"),),
        "state: others may read",
    ),
    Guard(
        "a directory for the owner only",
        "other users of the machine looking into the state directory",
        (
            client(
                "runtime/private_files",
                "os.mkdir(path, mode=0o700)",
                "os.mkdir(path, mode=0o755)",
            ),
        ),
        "state: others may read",
    ),
)
AT_THE_COLLECTOR = (
    Guard(
        "admitted values",
        "values that no kind admits, from any sender",
        (collector("admit/json_fragments", "admitted = checker(value)", "admitted = value"),),
        "journal",
        quick=True,
    ),
    Guard(
        "listed tools",
        "tools that the operator did not list, where tools are listed",
        (collector("admit/admission", "(tools or {}).get(name) or None", "None"),),
        "journal",
    ),
    Guard(
        "unknown events uncounted by name",
        "names of unknown events in metrics and pages",
        (collector("admit/any_event", "return UNKNOWN_EVENT", "return event.event"),),
        "answers",
        quick=True,
    ),
    Guard(
        "unknown properties uncounted by name",
        "names of unknown properties in metrics and pages",
        (
            collector(
                "admit/any_event",
                "times.dropped[UNKNOWN_PROPERTY] += len(unknown)",
                "times.dropped.update(dict.fromkeys(unknown, 1))",
            ),
        ),
        "answers",
    ),
    Guard(
        "the second hash",
        "the instance ID as it was sent",
        (
            collector(
                "admit/instance_hash", 'hmac.digest(pepper, message, "sha256").hex()[:16]', 'cut.rpartition("_")[2]'
            ),
        ),
        "journal",
        quick=True,
    ),
    Guard(
        "the pepper",
        "a hash that can be recomputed from a cluster's UID",
        (
            collector(
                "admit/instance_hash",
                'hmac.digest(pepper, message, "sha256").hex()[:16]',
                '__import__("hashlib").sha256(message).hexdigest()[:16]',
            ),
        ),
        "journal",
    ),
    Guard(
        "kinds of instances",
        "the beginning of an ID that is none",
        (
            collector(
                "admit/instance_hash",
                'if cut.startswith(kind + "_")), "other")',
                'if cut.startswith(kind + "_")), cut)',
            ),
        ),
        "journal",
    ),
    Guard(
        "UUIDs only",
        "a text where a UUID belongs",
        (
            collector(
                "admit/any_event", "return str(uuid.UUID(given)) if type(given) is str else None", "return str(given)"
            ),
        ),
        "journal",
    ),
    Guard(
        "plain refusals",
        "what was sent, in the sentence that refuses it",
        (
            collector(
                "receive/protocol/envelope",
                'raise malformed("The body is neither a JSON object nor a list.")',
                "raise malformed(f\"The body is no list: {body.decode(errors='ignore')[:200]}\")",
            ),
        ),
        "answers",
    ),
    Guard(
        "no access log",
        "addresses, paths and queries in the log",
        (
            collector("app/server", "access_log=False", "access_log=True"),
            collector("runtime/logs", "setLevel(logging.ERROR)", "setLevel(logging.INFO)"),
        ),
        "collector log",
        quick=True,
    ),
    Guard(
        "tracebacks without messages",
        "what an exception quotes, in the log",
        (
            collector("admit/any_event", "return UNKNOWN_EVENT", "raise LookupError(event.event)"),
            collector("runtime/logs", 'text = _TextFormatter("', 'text = logging.Formatter("'),
        ),
        "collector log",
        provoked=1,
    ),
    Guard(
        "a data directory for the owner only",
        "other users of the machine reading the database",
        (collector("runtime/durable_files", "directory.mkdir(mode=0o700", "directory.mkdir(mode=0o755"),),
        "database: others may read",
    ),
)
GUARDS = (*KINDS, *RECORDING, *CONTEXT, *WIRE, *AT_THE_COLLECTOR)
"""All guards, in the order in which an event passes them."""
