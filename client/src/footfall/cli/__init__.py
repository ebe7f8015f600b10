"""The `footfall` command: `main` parses; `status` and `on_off_forget` work on the product of `product_choice`."""
