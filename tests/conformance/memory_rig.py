"""The memory studio as a rig."""

from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.engines.memory import CAPABILITIES, ENGINE, IN_PATCHBAY, LIKE_JALV, PREFIX, MemoryStudio
from reconciler.model.resources import Capabilities, CustomData, EngineSettings
from tests.conformance.rig import Control, Rig, Roles

ROLES = Roles(
    mono=Control(PREFIX + "gain", "gain"),
    stereo=PREFIX + "stereo-gain",
    instrument=PREFIX + "synth",
    bypass=PREFIX + "gate",
    presets=PREFIX + "reverb",
    unit=Control(PREFIX + "reverb", "mix"),
    large=Control(PREFIX + "equalizer", "freq"),
    integer=Control(PREFIX + "limiter", "lookahead"),
    toggle=Control(PREFIX + "stereo-gain", "mute"),
    enumeration=Control(PREFIX + "compressor", "detection"),
    keeps=(
        PREFIX + "gate",
        "urn:studio:test:key",
        CustomData("urn:studio:test:type", "one"),
        CustomData("urn:studio:test:type", "two"),
    ),
    broken=PREFIX + "picky",
    missing=PREFIX + "nothing-of-the-kind",
)


@contextmanager
def memory() -> Iterator[Rig]:
    """A host that can do everything, its ports named as Carla names them."""
    yield _rig("memory", CAPABILITIES, "", port_names=True)


@contextmanager
def memory_like_jalv() -> Iterator[Rig]:
    """A host that can do what jalv can."""
    yield _rig("memory-like-jalv", LIKE_JALV, "", port_names=False)


@contextmanager
def memory_with_prefix() -> Iterator[Rig]:
    """A host whose JACK clients' names begin with something."""
    yield _rig("memory-with-prefix", CAPABILITIES, "späti ", port_names=False)


@contextmanager
def memory_patchbay() -> Iterator[Rig]:
    """A host that is one JACK client, its ports named as Carla names them."""
    yield _rig("memory-patchbay", CAPABILITIES, "späti ", port_names=True, engine=IN_PATCHBAY)


def _rig(
    name: str, capabilities: Capabilities, prefix: str, *, port_names: bool, engine: EngineSettings = ENGINE
) -> Rig:
    studio = MemoryStudio(capabilities=capabilities, prefix=prefix, port_names=port_names, engine=engine)

    def open_client(client: str) -> None:
        studio.add_client(client, outputs=["out_1"], inputs=["in_1"])

    return Rig(
        name,
        studio.host,
        studio.graph,
        studio.catalogue,
        ROLES,
        prefix,
        open_client,
        studio.kill_plugin,
        studio.lose_server,
        leftovers=list,
    )
