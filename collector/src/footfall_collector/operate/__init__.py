"""An operator's commands: what they are called, how they are asked for, and what a backup is made of."""
