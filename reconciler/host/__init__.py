"""The process that holds the engine and outlives the command, its socket, and its client."""
