"""One HTTP connection to the server: directly or through a proxy, each within a deadline.

Imported at the first send, because an HTTP library is a good part of what telemetry costs at start.
"""
