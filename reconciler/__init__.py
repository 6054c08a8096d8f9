"""studio: session-as-code for the Carla plugin host, jalv and JACK."""

__version__ = "0.1.0"
