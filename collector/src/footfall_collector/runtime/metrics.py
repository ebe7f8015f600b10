"""The HELP lines of /metrics, by the metric's name without `footfall_` and `_total`.

A test finds every name that the code counts or measures, and fails for one that has no line here.
"""

METRIC_HELP = {
    "accepted_timestamp_seconds": "When an event was last accepted, in seconds since 1970",
    "answers_failed": "Requests for charts that the store could not answer",
    "connections": "Open connections",
    "connections_cut": "Connections that a limit closed, by reason",
    "data_bytes": "Size of the data directory",
    "disk_free_bytes": "Free bytes of the disk that holds the data directory",
    "disk_low": "Alarm: the disk's free share is below disk_alarm_percent",
    "disk_size_bytes": "Size of the disk that holds the data directory",
    "events_accepted": "Events that are on disk and acknowledged, by product",
    "events_forgotten": "Events left out because their instance was forgotten",
    "events_known": "Repeated events, which count once, by product",
    "events_refused": "Events that were not admitted, by product and reason",
    "events_stored": "Events that were loaded into the store, by product",
    "journal_bytes": "Size of the journal, with segments that are loaded already",
    "journal_failing": "Alarm: the journal can't be written, and nothing is accepted",
    "journal_failures": "How often the journal began to fail",
    "journal_lag_seconds": "How long the latest request waited for the disk, or the oldest one waits now",
    "journal_lines_damaged": "Lines of the journal whose checksum is wrong",
    "journal_live_bytes": "Size of the journal's live segment",
    "journal_segments": "Journal segments that were closed",
    "journal_waiting_bytes": "Size of the closed segments that are not loaded yet",
    "key_alarm": "Alarm: one write key sends more events than key_alarm_per_minute",
    "loader_current_timestamp_seconds": "Time up to which all closed segments are loaded, in seconds since 1970",
    "loader_failing": "Alarm: the store can't be written; acknowledged events wait in the journal",
    "loader_failures": "How often loading began to fail",
    "loader_lag_seconds": "How far the store is behind the closed segments",
    "properties_dropped": "Properties that were left out of admitted events, by product and reason",
    "ready": "Whether requests are accepted: 1, else 0",
    "requests_discarded": "Requests with session replays, which are acknowledged and dropped",
    "requests_refused": "Requests that were refused, by reason",
    "resident_bytes": "Memory of the process",
    "store_damaged": "Alarm: a file of the data directory was damaged; DATA/damaged has it",
}
