"""The `footfall` command: shows what a product collects and sends on this machine, and turns it on or off.

`main` parses the arguments; `product_choice` finds the product that is meant, `status` reads its state directory,
`preview_and_log` prints what it has, and `on_off_forget` changes it: these work from files alone, and neither import
nor ask the server. `catalogue_commands` imports a catalogue that is named, for the dictionary and the `guide`, and
`new_product` begins one. `off` and `forget` delete files and turn telemetry off; besides these only `init` and
`guide --output` write. The entry point is `footfall.cli.main:main`; no package imports this one.
"""
