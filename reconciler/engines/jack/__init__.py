"""The JACK graph and server."""
