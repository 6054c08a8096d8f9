"""The examination: what is on this machine, told as findings. Reads files and facts; changes nothing."""

import os
import platform
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from reconciler.doctor.findings import Finding, State
from reconciler.doctor.needs import CARLA, NEEDS, Manager, Need, Purpose
from reconciler.doctor.packages import Machine, command, present
from reconciler.doctor.probe import Carla, Probe, ask, ask_carla

AUDIO_GROUPS = ("audio", "realtime", "pipewire", "jackuser")
MEMLOCK_ENOUGH = 256 << 20
"""Bytes. A jackd client locks a few MB, a sampler or a long reverb a hundred."""
SHM_ENOUGH = 256 << 20
"""Bytes. jackd2 keeps 100-170 MB in /dev/shm for each server (measured); containers often give 64."""
LIMITS_FILE = "/etc/security/limits.d/95-studio-audio.conf"
RELOGIN = "then log out and in again"


class Facts(msgspec.Struct, frozen=True):
    """What only the running system can tell. Sizes in bytes, -1 is unlimited."""

    user: str = ""
    root: bool = False
    groups: frozenset[str] = frozenset()
    rtprio: int = 0
    """RLIMIT_RTPRIO, the highest realtime priority this user may ask for."""
    memlock: int = 0
    shm_free: int | None = None
    python: str = ""
    jackd: str | None = None
    """What ``jackd --version`` says."""
    probe: Probe = Probe()
    carla: Carla = Carla()


def facts() -> Facts:
    """Ask the running system."""
    import grp
    import pwd

    names: set[str] = set()
    for gid in {os.getegid(), *os.getgroups()}:
        try:
            names.add(grp.getgrgid(gid).gr_name)
        except KeyError:
            names.add(str(gid))
    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        user = str(os.geteuid())
    shm = os.statvfs("/dev/shm") if Path("/dev/shm").is_dir() else None  # noqa: S108 -- where JACK lives, not a file of ours
    return Facts(
        user=user,
        root=os.geteuid() == 0,
        groups=frozenset(names),
        rtprio=resource.getrlimit(resource.RLIMIT_RTPRIO)[0],
        memlock=resource.getrlimit(resource.RLIMIT_MEMLOCK)[0],
        shm_free=shm.f_bavail * shm.f_frsize if shm else None,
        python=platform.python_version(),
        jackd=_first_line(["jackd", "--version"]),
        probe=ask(),
        carla=ask_carla(),
    )


def examine(machine: Machine, known: Facts) -> list[Finding]:
    """Look at everything, in the order in which a person would mend it."""
    looks: tuple[Callable[[Machine, Facts], Iterator[Finding]], ...] = (
        _python,
        _jack,
        _server,
        _host,
        _jalv,
        _carla,
        _lilv,
        _plugins,
        _pictures,
        _cards,
        _realtime,
        _memlock,
        _groups,
        _shared_memory,
        _governor,
        _runtime_folder,
    )
    return [finding for look in looks for finding in look(machine, known)]


def _python(_machine: Machine, known: Facts) -> Iterator[Finding]:
    yield Finding("Python", State.OK, known.python)


def _jack(machine: Machine, known: Facts) -> Iterator[Finding]:
    need = _need("JACK")
    jackd, library = machine.program("jackd"), machine.library("libjack.so.0")
    by_pipewire = "PipeWire" in (known.probe.library or "")
    pipewire = _pipewire_jack(machine)
    if jackd and library:
        says = (known.jackd or "jackd").replace("jackdmp version", "jackd").split(" tmpdir")[0]
        yield Finding("JACK", State.OK, f"{says} ({jackd})", essential=True)
    elif by_pipewire or (library and pipewire):
        says = "PipeWire answers as JACK; jackd is not installed, so studio cannot start a server of its own"
        yield Finding("JACK", State.OK, says, essential=True)
    elif pipewire:
        says = "PipeWire's JACK is there but is not the one programs find"
        yield Finding("JACK", State.LACK, says, mend="pw-jack studio apply", essential=True)
    else:
        part = "libjack.so.0 is missing" if jackd else "jackd is missing"
        yield Finding("JACK", State.LACK, f"{part}: {need.why}", _mend(need, machine), essential=True)
    if jackd and pipewire:
        says = f"PipeWire's JACK is installed too ({pipewire})" + (" and is in use" if by_pipewire else "")
        yield Finding("PipeWire", State.INFO, says)


def _server(_machine: Machine, known: Facts) -> Iterator[Finding]:
    server, trouble = known.probe.server, known.probe.trouble
    if server is not None:
        delay_ms = 1000 * server.period / server.sample_rate
        priority = "realtime" if server.realtime else "without realtime priority"
        says = f"runs at {server.sample_rate} Hz, {server.period} frames ({delay_ms:.1f} ms), {priority}"
        yield Finding("JACK server", State.OK, f"{says}, {server.ports} ports")
    elif trouble is not None:
        yield Finding("JACK server", State.UNKNOWN, trouble)
    else:
        says = "none runs; studio starts one for a manifest that says hardware.jack.manage: start"
        yield Finding("JACK server", State.INFO, says)


def _host(machine: Machine, known: Facts) -> Iterator[Finding]:
    if known.carla.usable:
        says = "Carla; `engine.host: auto` takes it where it is, as it can do what jalv can and more"
        yield Finding("plugin host", State.OK, says, essential=True)
    elif machine.program("jalv"):
        yield Finding("plugin host", State.OK, "jalv, for LV2 plugins; Carla would load every format", essential=True)
    else:
        says = "there is none: nothing can run a plugin"
        yield Finding("plugin host", State.LACK, says, _mend(_need("jalv"), machine), essential=True)


def _jalv(machine: Machine, _known: Facts) -> Iterator[Finding]:
    need, jalv = _need("jalv"), machine.program("jalv")
    if jalv:
        yield Finding("jalv", State.OK, f"{need.why} ({jalv})")
    else:
        yield Finding("jalv", State.INFO, f"not installed; it {need.why}", _mend(need, machine))


def _carla(machine: Machine, known: Facts) -> Iterator[Finding]:
    carla = known.carla
    if not carla.folder:
        asked = machine.env.get("CARLA_PREFIX")
        where = f" under CARLA_PREFIX={asked}" if asked else ""
        yield Finding("Carla", State.INFO, f"not installed{where}; it {CARLA.why}", _mend(CARLA, machine))
        return
    if carla.trouble:
        yield Finding("Carla", State.LACK, carla.trouble, carla.hint)
        return
    says = f"{carla.version} ({carla.folder}); modes multiple-clients and patchbay; its remote control (OSC) stays off"
    yield Finding("Carla", State.OK, says)
    tools = (
        ("Carla bridges", carla.bridge, "carla-bridge-native", "gives plugins with `bridge: true` their own process"),
        ("Carla discovery", carla.discovery, "carla-discovery-native", "finds plugins of every format"),
    )
    for name, there, tool, does in tools:
        if there:
            yield Finding(name, State.OK, f"{tool} {does}")
        else:
            says = f"{tool}, which {does}, is missing in {carla.folder}"
            yield Finding(name, State.LACK, says, "install the whole of Carla from where this part came")
    windows = ", ".join(carla.windows) or "none but those that plugins open by themselves"
    yield Finding("Carla windows", State.INFO, f"LV2 plugins' own, by toolkit: {windows}")


def _lilv(machine: Machine, _known: Facts) -> Iterator[Finding]:
    need = _need("lilv")
    library = machine.library("liblilv-0.so.0")
    if library:
        yield Finding("lilv", State.OK, f"{need.why} ({library})", essential=True)
    else:
        yield Finding("lilv", State.LACK, f"{need.why}; not found", _mend(need, machine), essential=True)


def _plugins(machine: Machine, _known: Facts) -> Iterator[Finding]:
    folders = {folder: sum(1 for _ in folder.glob("*/manifest.ttl")) for folder in machine.lv2_folders()}
    held = {folder: count for folder, count in folders.items() if count}
    if held:
        where = ", ".join(f"{count} in {folder}" for folder, count in held.items())
        yield Finding("LV2 plugins", State.OK, f"bundles: {where}; `studio plugins list` names them")
    else:
        yield Finding("LV2 plugins", State.LACK, "no bundle found in " + ", ".join(map(str, folders)))
    lost = [need for need in NEEDS if need.purpose is Purpose.SESSIONS and not present(need, machine)]
    if lost:
        says = "missing: " + "; ".join(f"{need.name} ({need.why})" for need in lost)
        yield Finding("example sessions", State.LACK, says, _mend_all(lost, machine))
    else:
        yield Finding("example sessions", State.OK, "every plugin they use is installed")


def _pictures(machine: Machine, _known: Facts) -> Iterator[Finding]:
    need = _need("Graphviz")
    dot = machine.program("dot")
    if dot:
        yield Finding("Graphviz", State.OK, f"{need.why} ({dot})")
    else:
        yield Finding("Graphviz", State.INFO, f"not installed; it {need.why}", _mend(need, machine))


def _cards(machine: Machine, _known: Facts) -> Iterator[Finding]:
    listing = machine.under("/proc/asound/cards")
    lines = listing.read_text(encoding="utf-8", errors="replace").splitlines() if listing.is_file() else []
    # Such as " 1 [USB            ]: USB-Audio - Scarlett 2i2 USB", then an indented line with more.
    names = [(line.split("[")[1].split("]")[0].strip(), line.split(" - ")[-1]) for line in lines if "]:" in line]
    if names:
        says = "; ".join(f'{text} (device: "hw:{short}")' for short, text in names)
        yield Finding("sound cards", State.INFO, says)
    else:
        yield Finding("sound cards", State.INFO, "none found; the dummy driver works without one")


def _realtime(_machine: Machine, known: Facts) -> Iterator[Finding]:
    if known.probe.realtime:
        limit = "" if known.root else f" (up to {known.rtprio})"
        yield Finding("realtime priority", State.OK, f"granted{limit}")
        return
    says = "refused: other programs can interrupt the sound"
    if known.root:
        mend = "give this container or service the CAP_SYS_NICE capability"
    else:
        mend = _grant("@audio - rtprio 95", known)
    yield Finding("realtime priority", State.LACK, says, mend)


def _memlock(_machine: Machine, known: Facts) -> Iterator[Finding]:
    if known.root or known.memlock == -1 or known.memlock >= MEMLOCK_ENOUGH:
        size = "unlimited" if known.root or known.memlock == -1 else _mib(known.memlock)
        yield Finding("locked memory", State.OK, size)
    else:
        says = f"only {_mib(known.memlock)}: sound may stumble when memory runs short"
        yield Finding("locked memory", State.LACK, says, _grant("@audio - memlock unlimited", known))


def _groups(machine: Machine, known: Facts) -> Iterator[Finding]:
    file = machine.under("/etc/group")
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.is_file() else []
    existing = [name for name in AUDIO_GROUPS if any(line.startswith(f"{name}:") for line in lines)]
    mine = [name for name in existing if name in known.groups]
    if known.root:
        yield Finding("groups", State.INFO, "root needs none")
    elif mine:
        yield Finding("groups", State.OK, f"{known.user} is in {', '.join(mine)}")
    elif not existing:
        yield Finding("groups", State.UNKNOWN, "this system has none of " + ", ".join(AUDIO_GROUPS))
    else:
        says = f"{known.user} is in none of {', '.join(existing)}: no right to the sound card or to realtime priority"
        yield Finding("groups", State.LACK, says, f"sudo usermod -aG {existing[0]} {known.user}   # {RELOGIN}")


def _shared_memory(_machine: Machine, known: Facts) -> Iterator[Finding]:
    if known.shm_free is None:
        yield Finding("shared memory", State.UNKNOWN, "the folder /dev/shm is missing; JACK cannot work without it")
    elif known.shm_free < SHM_ENOUGH:
        says = f"only {_mib(known.shm_free)} free in /dev/shm; a JACK server takes up to 170 MiB"
        mend = "sudo mount -o remount,size=1G /dev/shm   # a container: start it with --shm-size=1g"
        yield Finding("shared memory", State.LACK, says, mend)
    else:
        yield Finding("shared memory", State.OK, f"{_mib(known.shm_free)} free in /dev/shm")


def _governor(machine: Machine, _known: Facts) -> Iterator[Finding]:
    files = sorted(machine.under("/sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_governor"))
    modes = sorted({file.read_text(encoding="ascii").strip() for file in files})
    if not modes:
        yield Finding("CPU governor", State.UNKNOWN, "this system does not tell (usual in virtual machines)")
    elif "powersave" in modes:
        says = f"{', '.join(modes)}: the processor may be slow to wake up"
        yield Finding("CPU governor", State.INFO, says, "sudo cpupower frequency-set -g performance")
    else:
        yield Finding("CPU governor", State.OK, ", ".join(modes))


def _runtime_folder(machine: Machine, known: Facts) -> Iterator[Finding]:
    folder = machine.env.get("XDG_RUNTIME_DIR")
    if not folder:
        yield Finding("runtime folder", State.INFO, "XDG_RUNTIME_DIR is not set; studio uses a private one in /tmp")
    elif not os.access(machine.under(folder), os.W_OK | os.X_OK):
        says = f"XDG_RUNTIME_DIR is {folder}, where {known.user} cannot write"
        yield Finding("runtime folder", State.LACK, says, "unset XDG_RUNTIME_DIR", essential=True)
    else:
        yield Finding("runtime folder", State.OK, folder)


def _need(name: str) -> Need:
    return next(need for need in NEEDS if need.name == name)


def _mend(need: Need, machine: Machine) -> str:
    return _mend_all([need], machine)


def _mend_all(needs: list[Need], machine: Machine) -> str:
    """Return the install command, and the home page of what this distribution does not package."""
    manager: Manager | None = machine.manager()
    lost = [need.home for need in needs if manager is None or not need.packages[manager]]
    return "   # and see ".join(part for part in (command(needs, manager), ", ".join(lost)) if part)


def _grant(line: str, known: Facts) -> str:
    """Return the command that lets the audio group do it; pam_limits reads this folder in every distribution."""
    group = "" if "audio" in known.groups else f" && sudo usermod -aG audio {known.user}"
    return f"echo '{line}' | sudo tee -a {LIMITS_FILE}{group}   # {RELOGIN}"


def _pipewire_jack(machine: Machine) -> Path | None:
    wrapper = machine.program("pw-jack")
    if wrapper:
        return wrapper
    patterns = ("usr/lib/pipewire-0.3/jack/libjack.so.0", "usr/lib*/*/pipewire-0.3/jack/libjack.so.0")
    return next((found for pattern in patterns for found in sorted(machine.root.glob(pattern))), None)


def _first_line(arguments: list[str]) -> str | None:
    """Return the first line a program prints. Never for jalv: it crashes when asked for its version (1.6.6)."""
    try:
        done = subprocess.run(arguments, check=False, capture_output=True, timeout=5, text=True, errors="replace")
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = done.stdout.splitlines()
    return lines[0].strip() if lines else None


def _mib(size: int) -> str:
    return f"{size / (1 << 20):.0f} MiB"
