"""The one table of programs, libraries and plugins that studio needs, and what each distribution calls them.

Standard library only: ``make`` runs this file by its path before any virtual environment exists, and ``studio doctor``
imports it. Package names: Debian and Ubuntu tried; Fedora, Arch and openSUSE taken from their package sources.
"""

import argparse
import enum
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


class Manager(enum.StrEnum):
    """A distribution's package manager."""

    APT = "apt"
    DNF = "dnf"
    PACMAN = "pacman"
    ZYPPER = "zypper"


class Purpose(enum.StrEnum):
    """What cannot be done without it."""

    RUN = "run"
    """Using studio at all."""
    SESSIONS = "sessions"
    """The example sessions and the demo."""
    TEST = "test"
    """The whole test suite."""


@dataclass(frozen=True)
class Need:
    """Something that must be on the machine; all of ``programs``, ``libraries`` and ``bundles`` make it present."""

    name: str
    why: str
    purpose: Purpose
    packages: Mapping[Manager, Sequence[str]]
    """Empty where the distribution itself does not have it."""
    programs: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    bundles: tuple[str, ...] = ()
    """Names of LV2 bundle folders."""
    home: str = ""
    """Where to get it on a distribution that has no package."""
    comes_with: str = ""
    """Another need, whose packages bring this one too in some releases; looked for again once they are there."""


NEEDS = (
    Need(
        name="JACK",
        why="the audio server that carries all signals",
        purpose=Purpose.RUN,
        programs=("jackd",),
        libraries=("libjack.so.0",),
        packages={
            Manager.APT: ["jackd2", "libjack-jackd2-0"],
            Manager.DNF: ["jack-audio-connection-kit"],
            Manager.PACMAN: ["jack2"],
            Manager.ZYPPER: ["jack", "libjack0"],
        },
        home="https://jackaudio.org",
    ),
    Need(
        name="jalv",
        why="runs LV2 plugins, each in a process of its own",
        purpose=Purpose.RUN,
        programs=("jalv",),
        packages={Manager.APT: ["jalv"], Manager.DNF: ["jalv"], Manager.PACMAN: ["jalv"], Manager.ZYPPER: []},
        home="https://drobilla.net/software/jalv.html",
    ),
    Need(
        name="lilv",
        why="reads what LV2 plugins say about themselves",
        purpose=Purpose.RUN,
        libraries=("liblilv-0.so.0",),
        packages={
            Manager.APT: ["liblilv-0-0"],
            Manager.DNF: ["lilv-libs"],
            Manager.PACMAN: ["lilv"],
            Manager.ZYPPER: ["liblilv-0-0"],
        },
        home="https://drobilla.net/software/lilv.html",
    ),
    Need(
        name="LSP plugins",
        why="gate and compressor of the example sessions",
        purpose=Purpose.SESSIONS,
        bundles=("lsp-plugins.lv2",),
        packages={
            Manager.APT: ["lsp-plugins-lv2"],
            Manager.DNF: ["lsp-plugins-lv2"],
            Manager.PACMAN: ["lsp-plugins-lv2"],
            Manager.ZYPPER: ["lv2-lsp-plugins"],
        },
        home="https://lsp-plug.in",
    ),
    Need(
        name="x42 plugins",
        why="equalizer, fader and limiter of the example sessions",
        purpose=Purpose.SESSIONS,
        bundles=("balance.lv2", "dpl.lv2", "fil4.lv2"),
        packages={
            Manager.APT: ["x42-plugins"],
            Manager.DNF: ["lv2-x42-plugins"],
            Manager.PACMAN: ["x42-plugins"],
            Manager.ZYPPER: [],
        },
        home="https://x42-plugins.com",
    ),
    Need(
        name="MDA plugins",
        why="room, echo, amplifier and electric piano of the example sessions",
        purpose=Purpose.SESSIONS,
        bundles=("mda.lv2",),
        packages={
            Manager.APT: ["mda-lv2"],
            Manager.DNF: ["lv2-mdala-plugins"],
            Manager.PACMAN: ["mda.lv2"],
            Manager.ZYPPER: ["mda-lv2"],
        },
        home="https://drobilla.net/software/mda-lv2.html",
    ),
    Need(
        name="SWH plugins",
        why="sends and plate reverb of the live rig",
        purpose=Purpose.SESSIONS,
        bundles=("amp-swh.lv2", "plate-swh.lv2"),
        packages={
            Manager.APT: ["swh-lv2"],
            Manager.DNF: ["lv2-swh-plugins"],
            Manager.PACMAN: [],
            Manager.ZYPPER: ["lv2-swh-plugins"],
        },
        home="https://github.com/swh/lv2",
    ),
    Need(
        name="JACK tools",
        why="a second opinion on the JACK graph",
        purpose=Purpose.TEST,
        programs=("jack_lsp", "jack_connect", "jack_disconnect"),
        # Part of jackd2 up to Debian 12 and Ubuntu 22.04, where the package does not exist.
        comes_with="JACK",
        packages={
            Manager.APT: ["jack-example-tools"],
            Manager.DNF: ["jack-example-tools"],
            Manager.PACMAN: ["jack-example-tools"],
            Manager.ZYPPER: ["jack-example-tools"],
        },
        home="https://github.com/jackaudio/jack-example-tools",
    ),
    Need(
        name="lv2info",
        why="a second opinion on the plugin catalogue",
        purpose=Purpose.TEST,
        programs=("lv2info", "lv2ls"),
        packages={
            Manager.APT: ["lilv-utils"],
            Manager.DNF: ["lilv"],
            Manager.PACMAN: ["lilv"],
            Manager.ZYPPER: ["lilv"],
        },
        home="https://drobilla.net/software/lilv.html",
    ),
    Need(
        name="aj-snapshot",
        why="the peer that 500 links are timed against",
        purpose=Purpose.TEST,
        programs=("aj-snapshot",),
        packages={
            Manager.APT: ["aj-snapshot"],
            Manager.DNF: ["aj-snapshot"],
            Manager.PACMAN: ["aj-snapshot"],
            Manager.ZYPPER: [],
        },
        home="https://aj-snapshot.sourceforge.io",
    ),
    Need(
        name="Graphviz",
        why="lays out the pictures of `studio graph -f svg`",
        purpose=Purpose.TEST,
        programs=("dot",),
        packages={
            Manager.APT: ["graphviz"],
            Manager.DNF: ["graphviz"],
            Manager.PACMAN: ["graphviz"],
            Manager.ZYPPER: ["graphviz"],
        },
        home="https://graphviz.org",
    ),
)

FAMILIES = {
    "debian": Manager.APT,
    "ubuntu": Manager.APT,
    "fedora": Manager.DNF,
    "rhel": Manager.DNF,
    "centos": Manager.DNF,
    "arch": Manager.PACMAN,
    "opensuse": Manager.ZYPPER,
    "suse": Manager.ZYPPER,
}
"""``ID`` or a word of ``ID_LIKE`` in os-release, to its package manager."""

INSTALL = {
    Manager.APT: "apt-get install",
    Manager.DNF: "dnf install",
    Manager.PACMAN: "pacman -S --needed",
    Manager.ZYPPER: "zypper install",
}


@dataclass(frozen=True)
class Machine:
    """Where to look: the machine itself, or a folder that stands for one."""

    root: Path = Path("/")
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def under(self, path: str) -> Path:
        """Return an absolute path of the machine as a path below ``root``."""
        return self.root / path.lstrip("/")

    def program(self, name: str) -> Path | None:
        """Return where a program is on PATH, or None."""
        folders = [str(self.under(folder)) for folder in self.env.get("PATH", os.defpath).split(os.pathsep) if folder]
        found = shutil.which(name, path=os.pathsep.join(folders))
        return Path(found) if found else None

    def library(self, name: str) -> Path | None:
        """Return where a shared library lies, in the folders that the loader searches on Linux, or None."""
        for folder in self._library_folders():
            if (folder / name).exists():
                return folder / name
        return None

    def _library_folders(self) -> Iterator[Path]:
        for folder in self.env.get("LD_LIBRARY_PATH", "").split(os.pathsep):
            if folder:
                yield self.under(folder)
        for folder in ("/usr/local/lib", "/usr/local/lib64", "/usr/lib", "/usr/lib64", "/lib", "/lib64"):
            yield self.under(folder)
            # Debian's multiarch folders, such as /usr/lib/x86_64-linux-gnu.
            yield from sorted(self.under(folder).glob("*-linux-gnu*"))

    def lv2_folders(self) -> list[Path]:
        """Return the folders that hold LV2 bundles: LV2_PATH, else what lilv searches by default."""
        listed = [folder for folder in self.env.get("LV2_PATH", "").split(os.pathsep) if folder]
        if not listed:
            listed = ["/usr/local/lib/lv2", "/usr/lib/lv2", "/usr/local/lib64/lv2", "/usr/lib64/lv2"]
            if self.env.get("HOME"):
                listed.insert(0, f"{self.env['HOME']}/.lv2")
        multiarch = [] if self.env.get("LV2_PATH") else sorted(self.under("/usr/lib").glob("*-linux-gnu*/lv2"))
        return [self.under(folder) for folder in listed] + multiarch

    def bundle(self, name: str) -> Path | None:
        """Return where an LV2 bundle of that name lies, or None."""
        for folder in self.lv2_folders():
            if (folder / name / "manifest.ttl").exists():
                return folder / name
        return None

    def release(self) -> dict[str, str]:
        """Return the fields of os-release; empty if there is none."""
        for path in ("/etc/os-release", "/usr/lib/os-release"):
            file = self.under(path)
            if file.is_file():
                lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
                pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
                return {key.strip(): value.strip().strip("\"'") for key, value in pairs}
        return {}

    def manager(self) -> Manager | None:
        """Return this distribution's package manager, or None if we do not know it."""
        release = self.release()
        for word in (release.get("ID", ""), *release.get("ID_LIKE", "").split()):
            family = FAMILIES.get(word.lower().split("-")[0])
            if family is not None:
                return family
        return None


def present(need: Need, machine: Machine) -> bool:
    """Say whether every part of it is there."""
    return (
        all(machine.program(name) for name in need.programs)
        and all(machine.library(name) for name in need.libraries)
        and all(machine.bundle(name) for name in need.bundles)
    )


def missing(purposes: Sequence[Purpose], machine: Machine) -> list[Need]:
    """Return what is needed for these purposes and is not there."""
    return [need for need in NEEDS if need.purpose in purposes and not present(need, machine)]


def command(needs: Sequence[Need], manager: Manager | None) -> str | None:
    """Return the command that installs them, as a person types it; None if no package of this distribution has any."""
    if manager is None:
        return None
    packages = [package for need in needs for package in need.packages[manager]]
    return f"sudo {INSTALL[manager]} {shlex.join(dict.fromkeys(packages))}" if packages else None


def advice(needs: Sequence[Need], machine: Machine) -> str:
    """Say in plain text what is missing and how to get it."""
    manager = machine.manager()
    lines = ["Missing on this machine:"]
    lines += [f"  {need.name}: {need.why}" for need in needs]
    install = command(needs, manager)
    if install:
        lines += ["Install it with:", f"  {install}"]
    lost = [need for need in needs if manager is None or not need.packages[manager]]
    if lost:
        lines += ["Not packaged by this distribution, as far as we know:"]
        lines += [f"  {need.name}: {need.home}" for need in lost]
    return "\n".join(lines) + "\n"


def install_with_apt(packages: Sequence[str]) -> int:
    """Install without asking anything; fetch new package lists only when the present ones do not do.

    Returns
    -------
    int
        The exit status of apt-get, or 1 when there is no right to install.
    """
    # jackd2 asks by debconf whether to grant realtime priority; noninteractive takes its default, which is no.
    apt = [
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "-qq",
        "-o",
        "Dpkg::Use-Pty=0",
        "-o",
        "DPkg::Lock::Timeout=300",
    ]
    install = [*apt, "install", "-y", "--no-install-recommends", *packages]
    if os.geteuid() != 0:
        if shutil.which("sudo") is None:
            sys.stderr.write(f"Run this as root, then try again:\n  apt-get install {shlex.join(packages)}\n")
            return 1
        apt, install = ["sudo", *apt], ["sudo", *install]
    sys.stderr.write(f"Installing {', '.join(packages)}\n")
    if _known_to_apt(packages) and subprocess.run(install, check=False).returncode == 0:
        return 0
    updated = subprocess.run([*apt, "update"], check=False).returncode
    return updated or subprocess.run(install, check=False).returncode


def _known_to_apt(packages: Sequence[str]) -> bool:
    """Say whether the lists that are there have a candidate for each; a fresh container has no lists at all."""
    shown = subprocess.run(["apt-cache", "show", "--no-all-versions", *packages], check=False, capture_output=True)
    return shown.returncode == 0


def main(argv: Sequence[str] | None = None, machine: Machine | None = None) -> int:
    """Make sure that all is there for ``--for``; exit 0 if it is, or has been installed."""
    parser = argparse.ArgumentParser(prog="packages", description="Install the system packages that studio needs.")
    parser.add_argument("--for", dest="purpose", choices=["demo", "test"], default="test")
    parser.add_argument("--check", action="store_true", help="only say what is missing")
    asked = parser.parse_args(argv)
    purposes = [Purpose.RUN, Purpose.SESSIONS, *([Purpose.TEST] if asked.purpose == "test" else [])]
    machine = machine or Machine()
    lacking = missing(purposes, machine)
    if not lacking:
        return 0
    manager = machine.manager()
    if asked.check or manager is not Manager.APT or machine.program("apt-get") is None:
        sys.stderr.write(advice(lacking, machine))
        return 1
    status = 0
    bringers = {need.name for need in lacking}
    first = [need for need in lacking if need.comes_with not in bringers]
    for later in (False, True):
        wanted = missing(purposes, machine) if later else first
        if wanted and status == 0:
            status = install_with_apt([package for need in wanted for package in need.packages[Manager.APT]])
    left = missing(purposes, machine)
    if left:
        sys.stderr.write(advice(left, machine))
    return status or int(bool(left))


if __name__ == "__main__":
    sys.exit(main())
