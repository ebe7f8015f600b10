"""The `footfall` command: shows what a product collects and sends on this machine, and turns it on or off.

`main` parses the arguments and prints; `product_choice` finds the product that is meant, `status` reads its state
directory, and `on_off_forget` changes it. A command works from files alone: it neither imports nor asks the server.
`off` and `forget` delete files and turn telemetry off; no other command writes anything. The entry point is
`footfall.cli.main:main`; no package imports this one.
"""
