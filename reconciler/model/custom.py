"""Types of the named values that a plugin keeps beside its parameters (Carla's custom data)."""

STRING = "http://kxstudio.sf.net/ns/carla/string"
PATH = "http://kxstudio.sf.net/ns/carla/path"
PROPERTY = "http://kxstudio.sf.net/ns/carla/property"
"""Kept by the host and never shown to the plugin."""
CHUNK = "http://kxstudio.sf.net/ns/carla/chunk"

TYPES: dict[str, str] = {"string": STRING, "path": PATH, "property": PROPERTY}
"""The words a manifest has for types. Any other type is named by its own URI."""

FILES = frozenset({PATH, "http://lv2plug.in/ns/ext/atom#Path"})
"""Types whose values are files."""
