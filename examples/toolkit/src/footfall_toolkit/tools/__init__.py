"""The tools of the server, a module for each. A tool only reads: none changes the cluster.

`server` calls them with validated parameters. Those that read the cluster raise `ToolError` with a sentence for the
model; `version` and `validate_manifest` also answer without a cluster. Only `server` imports them.
"""
