"""Every guard of the privacy promise: its place, the cuts that remove it from a copy of the source, and the finding.

The table of docs/privacy-proof.md is generated from this one. `test_every_guard_is_needed.py` removes each guard and
expects the proof to fail. Where a rule is applied twice, before the disk and before the wire, each of the two is a
separate guard; where two rules refuse the same thing at the same point, one guard has a cut in each.
"""

from tests.privacy.cuts import Guard, client

KINDS = (
    Guard(
        "vocabularies",
        "a word outside a vocabulary: a client's name, a transport, a provider",
        (client("catalogue/kinds", "return admitted.get(value, OTHER)", "return admitted.get(value, value)"),),
        "spool",
        quick=True,
    ),
    Guard(
        "tool names",
        "the name of a tool that no code registered",
        (client("catalogue/kinds", "return admitted or OTHER", "return admitted or value"),),
        "spool",
        quick=True,
    ),
    Guard(
        "identifiers",
        "a class name that is no identifier",
        (
            client(
                "catalogue/kinds", "matches = _IDENTIFIER.fullmatch", 'matches = re.compile(".*", re.DOTALL).fullmatch'
            ),
            client("record/precomputed", "name.isascii() and name.isidentifier() and ", ""),
        ),
        "spool",
    ),
    Guard(
        "existing classes",
        "a class that was made or renamed at run time",
        (client("record/precomputed", " and _is_defined_in_module(candidate, name)", ""),),
        "spool",
        quick=True,
    ),
    Guard(
        "classes only",
        "an exception's message",
        (client("record/recorder", "error_type=class_name(type(error))", "error_type=str(error)"),),
        "spool",
    ),
    Guard(
        "versions",
        "a text that is no version",
        (
            client(
                "catalogue/kinds",
                "    if match is None:\n        return OTHER",
                "    if match is None:\n        return value",
            ),
        ),
        "spool",
    ),
    Guard(
        "ends of versions",
        "what follows the numbers of a version: a vendor, a build, a name",
        (
            client(
                "catalogue/kinds",
                'return f"{match[\'numbers\']}-{tag}" if tag else match["numbers"]',
                "return str(value)",
            ),
        ),
        "spool",
        quick=True,
    ),
    Guard(
        "true or false",
        "anything else where a yes or no belongs",
        (client("catalogue/kinds", "return value if value is True or value is False else None", "return value"),),
        "spool",
    ),
    Guard(
        "numbers",
        "anything else where a number belongs",
        (
            client(
                "catalogue/kinds",
                "if type(value) is not float and type(value) is not int:\n                return None",
                "if type(value) is str:\n                return value",
            ),
        ),
        "spool",
    ),
)

RECORDING = (
    Guard(
        "checked by hand",
        "values that a host application records itself, before they are on disk",
        (client("record/recorder", "properties = check(event)", "properties = msgspec.structs.asdict(event)"),),
        "spool",
    ),
    Guard(
        "checked per call",
        "the tool's and the client's name as the client gave them, before they are on disk",
        (
            client(
                "record/precomputed",
                "self._check(ToolExecuted(tool=tool, success=success, duration_ms=0, mcp_client=client))",
                '{"tool": tool, "success": success, "mcp_client": client, "duration_ms": 0}',
            ),
        ),
        "spool",
        quick=True,
    ),
    Guard(
        "checked extra properties",
        "what a host's function for extra properties returns",
        (client("record/extra_values", "value = check(values.get(name))", "value = values.get(name)"),),
        "spool/extended",
        quick=True,
    ),
    Guard(
        "extra properties by name",
        "names that a host's function for extra properties makes up",
        (
            client(
                "record/extra_values",
                "for name, check in rules.items():",
                "for name, check in {**dict.fromkeys(values, lambda given: 0), **rules}.items():",
            ),
        ),
        "spool/extended",
    ),
    Guard(
        "existing classes of extra properties",
        "the name of a class that was made at run time and that a host's function for extra properties raises, in the log",
        (client("record/extra_values", "({class_name(failure)})", "({failure.__name__})"),),
        "log",
    ),
    Guard(
        "known events",
        "events that are in no catalogue",
        (
            client(
                "record/recorder",
                "known = self._events.get(type(event))",
                """known = self._events.get(type(event)) or (b'{"e":"letter","t":', msgspec.structs.asdict)""",
            ),
        ),
        "spool",
    ),
    Guard(
        "rounded durations",
        "durations so exact that they tell one machine or one call from others",
        (
            client("record/precomputed", "duration = _admit_duration(milliseconds)", "duration = milliseconds"),
            client("record/precomputed", "if 0.0 <= milliseconds < 99.0:", "if milliseconds is None:"),
        ),
        "spool",
    ),
    Guard(
        "rounded numbers",
        "uptimes, and durations given by hand, that are as exact",
        (client("catalogue/kinds", "return round_significant(value) if value >= 0", "return value if value >= 0"),),
        "spool",
    ),
    Guard(
        "whole seconds",
        "times so exact that they tell one machine from others",
        (
            client("record/recorder", """b'%d,"u":"' % now""", """b'%f,"u":"' % self._now()"""),
            client("send/packer", "    epoch: int", "    epoch: float"),
            client("send/wire", "rfc3339(epoch).encode()", "str(epoch).encode()"),
        ),
        "wire: tool_executed: timestamp",
    ),
    Guard(
        "random ids",
        "a uuid with a time and a network card's address in it",
        (client("record/recorder", "uuid = self._next_uuid()", 'uuid = __import__("uuid").uuid1().hex.encode()'),),
        "wire: tool_executed: uuid",
    ),
)
CONTEXT = (
    Guard(
        "known providers",
        "what else `AI_PROVIDER` may say",
        (client("identity/context", "return word if word in AI_PROVIDERS else OTHER", "return word"),),
        "spool",
    ),
    Guard(
        "known methods",
        "what else `DOT_AI_DEPLOYMENT_METHOD` may say",
        (client("identity/context", "return named if named in DEPLOYMENT_METHODS else OTHER", "return named"),),
        "spool",
    ),
    Guard(
        "presence only",
        "the value of a provider's key",
        (
            client(
                "identity/context",
                "if environ.get(variable):\n            return provider",
                "if environ.get(variable):\n            return environ[variable]",
            ),
        ),
        "spool",
        quick=True,
    ),
    Guard(
        "a hash",
        "the UID of the namespace `kube-system`",
        (
            client(
                "identity/instance_id",
                """return f"cluster_{hashlib.sha256(text.encode()).hexdigest()[:16]}\"""",
                "return folded",
            ),
        ),
        "wire/text: uuid planted in cluster UID",
        quick=True,
    ),
    Guard(
        "a part of the hash",
        "the whole hash of the UID",
        (
            client(
                "identity/instance_id",
                "hashlib.sha256(text.encode()).hexdigest()[:16]}",
                "hashlib.sha256(text.encode()).hexdigest()}",
            ),
        ),
        "wire: tool_executed: distinct_id",
    ),
    Guard(
        "random UIDs",
        "the hash of a UID that is made of a time and a network card's address, and can be guessed",
        (client("identity/kubernetes/ask", "if _UID4.fullmatch(folded):", "if _UID.fullmatch(folded):"),),
        "wire/text: uuid of version 1 planted in cluster UID, sha256",
    ),
    Guard(
        "words for failures",
        "details of the cluster in what `footfall status` says about the instance ID",
        (
            client(
                "identity/kubernetes/ask",
                'raise NoAnswerError("uid not version 4" if',
                'raise NoAnswerError(f"uid not version 4: {folded}" if',
            ),
        ),
        "spool/dot-ai/product.json: uuid of version 1",
    ),
    Guard(
        "clean version in files",
        "what else the host says about its version, in `product.json`",
        (client("pipeline", 'clean_version(self.product.version) or ""', "self.product.version"),),
        "spool/dot-ai/product.json: version planted in product version",
    ),
    Guard(
        "no paths in files",
        "the state directory's path, which may name a user, in `product.json`",
        (client("runtime/state_directory", '"each event is on disk before its call returns"', "path"),),
        "spool/dot-ai/product.json: name planted in directories",
    ),
    Guard(
        "a typo is not repeated",
        "a wrong value of `DOT_AI_TELEMETRY` in the log",
        (client("settings/opt_out", 'f"{variable} must be true, false', 'f"{variable}={value} must be true, false'),),
        "log",
    ),
    Guard(
        "a wrong number is not repeated",
        "a wrong number of seconds in the log",
        (client("settings/environment", "must be a number of seconds", "{raw} must be a number of seconds"),),
        "log",
    ),
    Guard(
        "a wrong host is not repeated",
        "a wrong address, perhaps with a password in it, in the log",
        (client("settings/environment", 'f"{source} {error}', 'f"{source}={host} {error}'),),
        "log",
    ),
    Guard(
        "no personal key",
        "a personal PostHog key, which is a secret, in the place of the write key",
        (client("settings/destination", "if key.lower().startswith(prefix):", "if not key:"),),
        "spool/third/product.json",
    ),
)
