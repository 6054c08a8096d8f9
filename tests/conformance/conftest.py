"""The hosts that must all behave alike."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from reconciler.engines import choose
from reconciler.engines.carla import library
from reconciler.engines.lv2.catalogue import Lv2Catalogue
from reconciler.model.catalogue import Catalogue
from reconciler.model.terminals import PATCHBAY
from tests.conformance import attached_rig, carla_rig, jalv_rig, memory_rig
from tests.conformance.rig import Rig
from tests.support.jackd import Jackd

Made = AbstractContextManager[Rig]
CARLA_MISSING = "Carla is not installed (or set CARLA_PREFIX to where it is)"
MEMORY: dict[str, Callable[[], Made]] = {
    "memory": memory_rig.memory,
    "memory-like-jalv": memory_rig.memory_like_jalv,
    "memory-with-prefix": memory_rig.memory_with_prefix,
    "memory-patchbay": memory_rig.memory_patchbay,
}
RIGS = [
    *MEMORY,
    pytest.param("jalv", marks=[pytest.mark.jack, pytest.mark.jalv]),
    pytest.param("carla", marks=[pytest.mark.jack, pytest.mark.carla]),
    pytest.param("carla-with-prefix", marks=[pytest.mark.jack, pytest.mark.carla]),
    pytest.param("carla-patchbay", marks=[pytest.mark.jack, pytest.mark.carla]),
    pytest.param("carla-bridged", marks=[pytest.mark.jack, pytest.mark.carla]),
    pytest.param("attached", marks=[pytest.mark.jack, pytest.mark.carla]),
    pytest.param("attached-with-prefix", marks=[pytest.mark.jack, pytest.mark.carla, pytest.mark.long]),
    pytest.param("attached-patchbay", marks=[pytest.mark.jack, pytest.mark.carla, pytest.mark.long]),
]


@pytest.fixture(scope="session")
def real_catalogue(shared_cache: Path) -> Catalogue:
    """What is installed; read before any test adds to LV2_PATH."""
    known = Lv2Catalogue(cache_dir=shared_cache / "studio" / "catalogue")
    roles = jalv_rig.ROLES
    for uri in (roles.mono.uri, roles.stereo, roles.instrument, roles.bypass):
        if known.describe(uri) is None:
            pytest.skip(f"{uri} is not installed; Debian has it in {known.package(uri)}")
    return known


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a plugin that does not load."""
    folder = tmp_path_factory.mktemp("bundles")
    jalv_rig.write_broken(folder)
    return folder


def _made(request: pytest.FixtureRequest, server: Jackd | str, kill_server: Callable[[], None]) -> Made:
    """Return the real host that a test asks for, on a server; skip what is not installed."""
    of: str = request.param
    if of == "jalv" and shutil.which("jalv") is None:
        pytest.skip("jalv is not installed (Debian and Ubuntu: apt install jalv)")
    if of != "jalv" and library.find() is None:
        pytest.skip(CARLA_MISSING)
    catalogue: Catalogue = request.getfixturevalue("real_catalogue")
    bundles: Path = request.getfixturevalue("bundles")
    name = server if isinstance(server, str) else server.name
    if of == "jalv":
        return jalv_rig.jalv(server=name, catalogue=catalogue, kill_server=kill_server, bundles=bundles)
    prefix = carla_rig.PREFIX if of.endswith("-with-prefix") else ""
    mode = PATCHBAY if of.endswith("-patchbay") else choose.MULTIPLE_CLIENTS
    if of.startswith("attached"):
        return attached_rig.attached(
            server=name, catalogue=catalogue, kill_server=kill_server, bundles=bundles, prefix=prefix, mode=mode
        )
    return carla_rig.carla(
        server=name,
        catalogue=catalogue,
        kill_server=kill_server,
        bundles=bundles,
        prefix=prefix,
        mode=mode,
        bridged=of == "carla-bridged",
    )


@pytest.fixture(params=RIGS)
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """A host in its world, empty; its server is not to be killed."""

    def never() -> None:
        pytest.fail("this server is for all tests; take mortal_rig")

    if request.param in MEMORY:
        made = MEMORY[request.param]()
    else:
        made = _made(request, request.getfixturevalue("jack_server"), never)
    with made as one:
        yield one
        one.host.close()
        assert one.leftovers() == []


@pytest.fixture(params=RIGS)
def mortal_rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """A host in its world, whose server may be killed."""
    if request.param in MEMORY:
        made = MEMORY[request.param]()
    else:
        server: Jackd = request.getfixturevalue("fresh_jack_server")
        made = _made(request, server, server.kill)
    with made as one:
        yield one
        one.host.close()
        assert one.leftovers() == []
