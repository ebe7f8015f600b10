"""One HTTP connection to the server: directly (`direct`) or through the operator's proxy (`proxied`).

`proxy_settings` chooses between them; `deadline` bounds the whole answer of both, so that no slow server holds the
sender. A connection answers with a status, a body and a Retry-After, or raises `ConnectionFailedError`.

Only `wire` imports these modules, by file and at the first send: an HTTP library is a large part of telemetry's cost
at start, and urllib3 is needed only where there is a proxy. So this package exports nothing itself.
"""
