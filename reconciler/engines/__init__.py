"""Adapters to the real world, behind three ports: plugin host, audio graph, hardware."""
