"""The command `studio`; thin."""
