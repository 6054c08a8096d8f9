"""Carla's project files: read into a manifest, and written from a session. Neither needs an engine that runs."""
