"""What the process that loads one plugin says of it: one line of JSON, in Carla's own terms."""

import msgspec


class Parameter(msgspec.Struct, frozen=True):
    """One parameter that Carla shows."""

    index: int
    """Carla's index, which is not the plugin's own."""
    output: bool
    hints: int
    """``ParameterHints`` of CarlaBackend.h."""
    name: str
    unit: str
    default: float | None
    """None here and below: not a finite number."""
    minimum: float | None
    maximum: float | None
    points: tuple[tuple[str, float], ...] = ()


class Port(msgspec.Struct, frozen=True):
    """One port, with the name that it has in JACK."""

    name: str
    kind: str
    """``audio``, ``midi`` or ``cv``."""
    output: bool


class Program(msgspec.Struct, frozen=True):
    """A program with the values that it gives to parameters, by Carla's index."""

    name: str
    values: dict[int, float] = {}
    bank: int | None = None
    """None: no MIDI program, and ``number`` is its index."""
    number: int = 0


class Instance(msgspec.Struct, frozen=True, tag="instance", tag_field="line"):
    """The plugin as Carla holds it."""

    name: str
    maker: str
    category: int
    """``PluginCategory`` of CarlaBackend.h."""
    parameters: tuple[Parameter, ...]
    ports: tuple[Port, ...]
    programs: tuple[Program, ...]


class Failure(msgspec.Struct, frozen=True, tag="failure", tag_field="line"):
    """Carla does not load it."""

    reason: str


class Order(msgspec.Struct, frozen=True):
    """What to load; given on standard input."""

    library: str
    """``libcarla_host-plugin.so``."""
    wrapper: str
    """The folder of ``carla_backend.py``."""
    resources: str
    number: int
    """``PluginType``."""
    file: str | None
    label: str
    unique_id: int
    extra: str | None


Answer = Instance | Failure
