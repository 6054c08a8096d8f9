"""What of the needed things is on this machine, and getting the rest: told, or installed where apt is.

Standard library only: ``make`` runs it (``python -m reconciler.doctor.packages``) before any virtual environment
exists, and ``studio doctor`` imports it.
"""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.doctor.needs import FAMILIES, INSTALL, NEEDS, Manager, Need, Purpose

CARLA_LIBRARY = "carla/libcarla_standalone2.so"


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

    def file(self, path: str) -> Path | None:
        """Return where a file lies: an absolute path, or one below any folder for libraries; None if nowhere."""
        if path.startswith("/"):
            found = self.under(path)
            return found if found.exists() else None
        return self.library(path)

    def carla(self) -> bool:
        """Say whether Carla's library is there: under ``CARLA_PREFIX`` alone where that is set."""
        prefix = self.env.get("CARLA_PREFIX")
        if not prefix:
            return self.library(CARLA_LIBRARY) is not None or self.under(f"/opt/carla/lib/{CARLA_LIBRARY}").exists()
        return any((self.under(prefix) / lib / CARLA_LIBRARY).exists() for lib in ("lib", "lib64"))

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
        and all(machine.file(path) for path in need.files)
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


def offered(packages: Sequence[str]) -> list[str]:
    """Return those that apt can get here: not every release has every plugin."""
    return [package for package in packages if _known_to_apt([package])]


def main(argv: Sequence[str] | None = None, machine: Machine | None = None) -> int:
    """Make sure that all is there for ``--for``; exit 0 if it is, or has been installed.

    What only the tests of Carla use is got where Carla is and apt has it; without it those tests are left out, each
    with its reason, so its absence is told and is no failure.
    """
    parser = argparse.ArgumentParser(prog="packages", description="Install the system packages that studio needs.")
    parser.add_argument("--for", dest="purpose", choices=["demo", "test"], default="test")
    parser.add_argument("--check", action="store_true", help="only say what is missing")
    asked = parser.parse_args(argv)
    test = asked.purpose == "test"
    purposes = [Purpose.RUN, Purpose.SESSIONS, *([Purpose.TEST] if test else [])]
    machine = machine or Machine()
    extra = [Purpose.CARLA] if test and machine.carla() else []
    if not missing([*purposes, *extra], machine):
        return 0
    status = 0
    if not asked.check and machine.manager() is Manager.APT and machine.program("apt-get") is not None:
        status = _install(purposes, extra, machine)
    left = missing(purposes, machine)
    wished = missing(extra, machine)
    if left or wished:
        sys.stderr.write(advice([*left, *wished], machine))
    if wished and not left:
        sys.stderr.write("Only tests of Carla use it; those are left out.\n")
    return status or int(bool(left))


def _install(purposes: Sequence[Purpose], extra: Sequence[Purpose], machine: Machine) -> int:
    lacking = missing(purposes, machine)
    bringers = {need.name for need in lacking}
    first = [need for need in lacking if need.comes_with not in bringers]
    status = 0
    for later in (False, True):
        wanted = missing(purposes, machine) if later else first
        if wanted and status == 0:
            status = install_with_apt([package for need in wanted for package in need.packages[Manager.APT]])
    wished = [package for need in missing(extra, machine) for package in need.packages[Manager.APT]]
    if status == 0 and wished:
        found = offered(wished)
        if found:
            install_with_apt(found)  # whether it did is seen by looking, not by its status
    return status


if __name__ == "__main__":
    sys.exit(main())
