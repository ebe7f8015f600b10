"""`footfall-collector report`: the four answers in a terminal, as Markdown, or as the HTML of a mail."""
