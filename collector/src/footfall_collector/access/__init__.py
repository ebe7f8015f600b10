"""Who may send and who may read: write keys and bearer tokens, by command."""
