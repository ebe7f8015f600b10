"""What each metric means, by its name without `footfall_` and `_total`: the HELP lines of /metrics.

A test finds every name that the code counts or measures and misses one that is not explained here.
"""

METRIC_HELP = {
    "accepted_timestamp_seconds": "When an event was last accepted, in seconds since 1970",
    "answers_failed": "Questions that the store could not answer",
    "connections": "Open connections",
    "connections_cut": "Connections that were ended by a limit, by reason",
    "data_bytes": "Size of the data directory",
    "disk_free_bytes": "Free space of the disk that the data directory is on",
    "disk_low": "Alarm: less of the disk is free than disk_alarm_percent",
    "disk_size_bytes": "Size of the disk that the data directory is on",
    "events_accepted": "Events that are on disk and acknowledged, by product",
    "events_forgotten": "Events left out because their instance was forgotten",
    "events_known": "Events that came again and were counted once, by product",
    "events_refused": "Events that were not admitted, by product and reason",
    "events_stored": "Events that the store took, by product",
    "journal_bytes": "Size of the journal, segments that are loaded already included",
    "journal_failing": "Alarm: the journal can't be written, and nothing is accepted",
    "journal_failures": "How often the journal began to fail",
    "journal_lag_seconds": "How long the latest request waited for the disk, or the oldest one waits now",
    "journal_lines_damaged": "Lines of the journal whose checksum is wrong",
    "journal_live_bytes": "Size of the journal's segment that is being written",
    "journal_segments": "Segments of the journal that were closed",
    "journal_waiting_bytes": "Size of the closed segments that the store has not loaded yet",
    "key_alarm": "Alarm: one write key brings more events than key_alarm_per_minute",
    "loader_current_timestamp_seconds": "Up to when all closed segments are in the store, in seconds since 1970",
    "loader_failing": "Alarm: the store can't be written; what is acknowledged waits in the journal",
    "loader_failures": "How often loading began to fail",
    "loader_lag_seconds": "How far the store is behind the closed segments",
    "properties_dropped": "Properties that were left out of admitted events, by product and reason",
    "ready": "Whether requests are taken",
    "requests_discarded": "Requests with session replays, which are answered and not kept",
    "requests_refused": "Requests that were refused, by reason",
    "resident_bytes": "Memory of the process",
}
