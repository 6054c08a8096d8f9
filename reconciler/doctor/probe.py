"""Ask the JACK library, the scheduler and Carla, in processes of their own: ``python -m reconciler.doctor.probe``.

A jammed server lets a client hang in its first call; a process can be given up on, a thread cannot.
"""

import json
import os
import subprocess
import sys

import msgspec

LIMIT_S = 5.0
NAME = "studio-doctor"


class Server(msgspec.Struct, frozen=True):
    """The JACK server that answers by default. ``sample_rate`` in Hz, ``period`` in frames."""

    sample_rate: int
    period: int
    realtime: bool
    ports: int


class Probe(msgspec.Struct, frozen=True):
    """What the child found. ``library`` is the version that libjack itself tells, None if it cannot be loaded."""

    library: str | None = None
    server: Server | None = None
    realtime: bool = False
    """This user may start a thread with realtime priority, here and now."""
    trouble: str | None = None
    """Why ``library`` or ``server`` is not known, where that is not simply absence."""


class Carla(msgspec.Struct, frozen=True):
    """What ``python -m reconciler.engines.carla.probe`` told. ``folder`` is empty where there is no Carla."""

    folder: str = ""
    version: str | None = None
    discovery: bool = False
    bridge: bool = False
    windows: tuple[str, ...] = ()
    """Toolkits whose windows LV2 plugins may open."""
    trouble: str | None = None
    """Why it cannot be used: too old, or it does not load."""
    hint: str | None = None

    @property
    def usable(self) -> bool:
        """Whether studio can drive it."""
        return bool(self.folder) and self.trouble is None


def ask(limit_s: float = LIMIT_S) -> Probe:
    """Run the probe and return what it found; one that hangs or dies is itself a finding."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "reconciler.doctor.probe"],
            check=True,
            capture_output=True,
            timeout=limit_s,
            env={**os.environ, "JACK_NO_START_SERVER": "1"},
        )
        return msgspec.json.decode(done.stdout.splitlines()[-1], type=Probe)
    except subprocess.TimeoutExpired:
        return Probe(trouble=f"JACK did not answer within {limit_s:g} s")
    except (subprocess.CalledProcessError, msgspec.DecodeError, IndexError) as error:
        return Probe(trouble=f"the JACK library broke down: {error}")


def ask_carla(limit_s: float = LIMIT_S) -> Carla:
    """Load Carla in a process of its own and return what it is; one that takes that process down is in trouble."""
    command = [sys.executable, "-m", "reconciler.engines.carla.probe"]
    try:
        done = subprocess.run(command, check=True, capture_output=True, timeout=limit_s)
        return msgspec.json.decode(done.stdout.splitlines()[-1], type=Carla)
    except subprocess.TimeoutExpired:
        return Carla(folder="?", trouble=f"Carla was not loaded within {limit_s:g} s")
    except (subprocess.CalledProcessError, msgspec.DecodeError, IndexError) as error:
        return Carla(folder="?", trouble=f"Carla breaks down when it is loaded: {error}", hint="reinstall Carla")


def find() -> dict[str, object]:
    """Look, in this process. The keys are those of :class:`Probe`."""
    found: dict[str, object] = {"realtime": _may_be_realtime()}
    try:
        import jack
    except OSError as error:
        return {**found, "trouble": f"libjack cannot be loaded: {error}"}
    found["library"] = jack.version_string()
    # What libjack has to say about a missing server is what we are about to say better.
    jack.set_error_function(lambda _text: None)
    jack.set_info_function(lambda _text: None)
    try:
        client = jack.Client(NAME, no_start_server=True)
    except jack.JackOpenError:
        return found
    try:
        found["server"] = {
            "sample_rate": int(client.samplerate),
            "period": int(client.blocksize),
            "realtime": bool(client.realtime),
            "ports": len(client.get_ports()),
        }
    finally:
        client.close()
    return found


def _may_be_realtime() -> bool:
    """Try it: limits, groups, capabilities and containers each have a say, and only the kernel knows the sum."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.stdout.write(json.dumps(find()) + "\n")
