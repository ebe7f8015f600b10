"""Footfall's collector: takes events from any PostHog SDK and shows what they say.

An event passes `receive`, `admit` and `journal`, then it is acknowledged; `store`, `answer` and `show` turn it into
charts. `access` decides who may read them, `operate` is what an operator does to the data, `runtime` is what all parts
share, `app` joins them, `cli` is the command line. Nothing here is an interface for other programs; those are the
command line and the HTTP API.
"""
