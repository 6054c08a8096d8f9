"""One table of packages, by every distribution's names; found, advised, installed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.doctor import packages
from reconciler.doctor.needs import NEEDS, Manager, Purpose
from reconciler.doctor.packages import Machine
from tests.doctor import support

ALL = [Purpose.RUN, Purpose.SESSIONS, Purpose.TEST]


def test_a_machine_with_everything_lacks_nothing(tmp_path: Path) -> None:
    assert packages.missing(ALL, support.machine(tmp_path)) == []


def test_an_empty_machine_lacks_everything_once(tmp_path: Path) -> None:
    lacking = packages.missing(ALL, support.machine(tmp_path, files=()))
    assert lacking == [need for need in NEEDS if need.purpose in ALL]


@pytest.mark.parametrize(
    ("gone", "name"),
    [
        ("jackd", "JACK"),
        ("libjack", "JACK"),
        ("jalv", "jalv"),
        ("liblilv", "lilv"),
        ("dpl.lv2", "x42 plugins"),
        ("plate-swh", "SWH plugins"),
    ],
)
def test_each_part_counts(tmp_path: Path, gone: str, name: str) -> None:
    machine = support.machine(tmp_path, files=support.without(gone))
    assert [need.name for need in packages.missing(ALL, machine)] == [name]


def test_the_demo_does_not_ask_for_what_only_tests_use(tmp_path: Path) -> None:
    machine = support.machine(tmp_path, files=support.without("aj-snapshot", "lv2info"))
    assert packages.main(["--for", "demo", "--check"], machine) == 0
    assert packages.main(["--for", "test", "--check"], machine) == 1


def test_a_program_that_is_not_executable_is_not_there(tmp_path: Path) -> None:
    machine = support.machine(tmp_path)
    (tmp_path / "usr/bin/jalv").chmod(0o644)
    assert machine.program("jalv") is None


def test_plugins_are_found_where_LV2_PATH_says_and_nowhere_else(tmp_path: Path) -> None:  # noqa: N802 -- its name
    (tmp_path / "opt/lv2/mda.lv2").mkdir(parents=True)
    (tmp_path / "opt/lv2/mda.lv2/manifest.ttl").touch()
    machine = support.machine(tmp_path, LV2_PATH="/opt/lv2")
    assert machine.bundle("mda.lv2") == tmp_path / "opt/lv2/mda.lv2"
    assert machine.bundle("dpl.lv2") is None


def test_plugins_in_the_home_folder_count(tmp_path: Path) -> None:
    home = "/home/ann/.lv2/mda.lv2/manifest.ttl"
    machine = support.machine(tmp_path, files=(*support.without("mda.lv2"), home))
    assert machine.bundle("mda.lv2") == tmp_path / "home/ann/.lv2/mda.lv2"


@pytest.mark.parametrize(
    ("release", "manager"),
    [
        (support.DEBIAN, Manager.APT),
        (support.UBUNTU, Manager.APT),
        (support.MINT, Manager.APT),
        (support.FEDORA, Manager.DNF),
        (support.ARCH, Manager.PACMAN),
        (support.SUSE, Manager.ZYPPER),
        (support.UNKNOWN, None),
    ],
)
def test_the_distribution_is_known_by_its_release_file(tmp_path: Path, release: str, manager: Manager | None) -> None:
    assert support.machine(tmp_path, release).manager() is manager


def test_no_release_file_is_an_unknown_distribution(tmp_path: Path) -> None:
    assert Machine(tmp_path, {}).manager() is None


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        (support.FEDORA, "sudo dnf install jack-audio-connection-kit jalv lilv-libs lsp-plugins-lv2 lv2-x42-plugins"),
        (support.ARCH, "sudo pacman -S --needed jack2 jalv lilv lsp-plugins-lv2 x42-plugins mda.lv2"),
        (
            support.SUSE,
            "sudo zypper install jack libjack0 liblilv-0-0 lv2-lsp-plugins mda-lv2 lv2-swh-plugins jack-example-tools",
        ),
        (support.DEBIAN, "sudo apt-get install jackd2 libjack-jackd2-0 jalv liblilv-0-0 lsp-plugins-lv2 x42-plugins"),
    ],
)
def test_advice_names_the_packages_of_the_distribution(tmp_path: Path, release: str, expected: str) -> None:
    machine = support.machine(tmp_path, release, files=())
    assert expected in packages.advice(packages.missing(ALL, machine), machine)


def test_what_a_distribution_does_not_package_is_said_with_its_home(tmp_path: Path) -> None:
    machine = support.machine(tmp_path, support.SUSE, files=support.without("jalv"))
    text = packages.advice(packages.missing(ALL, machine), machine)
    assert "zypper" not in text
    assert "jalv: https://drobilla.net/software/jalv.html" in text


def test_an_unknown_distribution_gets_names_and_homes(tmp_path: Path) -> None:
    machine = support.machine(tmp_path, support.UNKNOWN, files=())
    text = packages.advice(packages.missing(ALL, machine), machine)
    assert all(need.home in text for need in NEEDS if need.purpose in ALL)


def test_other_distributions_are_told_and_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert packages.main(["--for", "test"], support.machine(tmp_path, support.FEDORA, files=())) == 1
    assert "sudo dnf install" in capsys.readouterr().err


def test_every_need_says_how_to_get_it() -> None:
    for need in NEEDS:
        assert need.programs or need.libraries or need.bundles or need.files, need.name
        assert need.home.startswith("https://"), need.name
        assert set(need.packages) == set(Manager), need.name
        assert need.packages[Manager.APT], f"{need.name}: Debian has them all"


def test_it_runs_before_anything_is_installed() -> None:
    """``make`` runs it from its own folder with the system's Python: no site packages."""
    done = subprocess.run(
        [sys.executable, "-S", "-E", "-m", packages.__name__, "--check"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
        env={"PATH": os.environ["PATH"]},
    )
    assert (done.returncode, done.stdout) in {(0, ""), (1, "")}, done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Programs that stand for apt, and write down how they were called; ``fail`` makes the first install fail."""
    folder = tmp_path / "bin"
    folder.mkdir()
    log = tmp_path / "log"
    for name in ("apt-get", "apt-cache", "sudo"):
        script = folder / name
        body = f'echo "{name} $*" >> {log}\n'
        if name == "apt-cache":
            body += f"test ! -e {tmp_path}/unknown\n"
        if name == "apt-get":
            body += f'case "$*" in *install*) if [ -e {tmp_path}/fail ]; then rm {tmp_path}/fail; exit 100; fi;; esac\n'
        if name == "sudo":
            body += 'exec "$@"\n'
        script.write_text(f"#!/bin/sh\n{body}", encoding="utf-8")
        script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return log


def calls(log: Path) -> list[str]:
    return [line.split(" -o DPkg::Lock::Timeout=300 ")[-1] for line in log.read_text(encoding="utf-8").splitlines()]


def test_apt_installs_without_fetching_lists_that_are_there(apt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert packages.install_with_apt(["jalv"]) == 0
    assert calls(apt) == ["apt-cache show --no-all-versions jalv", "install -y --no-install-recommends jalv"]


def test_apt_fetches_lists_when_a_package_is_unknown(
    apt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "unknown").touch()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert packages.install_with_apt(["jalv"]) == 0
    assert calls(apt)[1:] == ["update", "install -y --no-install-recommends jalv"]


def test_apt_fetches_lists_when_they_were_stale(apt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fail").touch()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert packages.install_with_apt(["jalv"]) == 0
    install = "install -y --no-install-recommends jalv"
    assert calls(apt)[1:] == [install, "update", install]


def test_an_ordinary_user_installs_through_sudo(apt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert packages.install_with_apt(["jalv"]) == 0
    asked = [line for line in apt.read_text(encoding="utf-8").splitlines() if line.startswith("sudo")]
    assert asked
    assert all("DEBIAN_FRONTEND=noninteractive apt-get" in line for line in asked)


def test_without_sudo_it_says_what_root_must_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert packages.install_with_apt(["jalv", "jackd2"]) == 1
    assert "apt-get install jalv jackd2" in capsys.readouterr().err


@pytest.mark.parametrize(("brings_tools", "rounds"), [(True, 1), (False, 2)])
def test_what_may_come_with_another_package_is_asked_for_only_if_it_did_not(
    apt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, brings_tools: bool, rounds: int
) -> None:
    """Debian 12 has the JACK tools in jackd2, Debian 13 in a package that Debian 12 does not know."""
    root = tmp_path / "machine"
    tools = ("/usr/bin/jack_lsp", "/usr/bin/jack_connect", "/usr/bin/jack_disconnect")
    machine = support.machine(root, files=(*support.without("jackd", "jack_"), "/usr/bin/apt-get"))
    got: list[list[str]] = []

    def install(asked: list[str]) -> int:
        got.append(asked)
        brought = ("/usr/bin/jackd", *(tools if brings_tools else ())) if len(got) == 1 else tools
        support.machine(root, files=brought)
        return 0

    monkeypatch.setattr(packages, "install_with_apt", install)
    assert packages.main(["--for", "test"], machine) == 0
    assert got == [["jackd2", "libjack-jackd2-0"], ["jack-example-tools"]][:rounds]


CARLA = "/usr/lib/carla/libcarla_standalone2.so"
FORMATS = ["swh-plugins", "cmt", "hexter", "dpf-plugins-vst", "timgm6mb-soundfont"]


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every package that was asked of apt, which has all but one."""
    got: list[str] = []

    def install(asked: list[str]) -> int:
        got.extend(asked)
        return 0

    monkeypatch.setattr(packages, "install_with_apt", install)
    monkeypatch.setattr(packages, "_known_to_apt", lambda asked: "hexter" not in asked)
    return got


def test_what_only_tests_of_carla_use_is_got_where_carla_is(
    tmp_path: Path, installed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    machine = support.machine(tmp_path, files=(*support.EVERYTHING, "/usr/bin/apt-get", CARLA))
    assert packages.main(["--for", "test"], machine) == 0, "those tests are left out, and that is no failure"
    assert [name for name in installed if name in FORMATS] == [name for name in FORMATS if name != "hexter"]
    assert {"gcc", "xvfb", "xdotool"} <= set(installed)
    told = capsys.readouterr().err
    assert "hexter" in told
    assert "Only tests of Carla use it" in told


@pytest.mark.parametrize("purpose", ["test", "demo"])
def test_without_carla_nothing_is_got_for_it(tmp_path: Path, installed: list[str], purpose: str) -> None:
    machine = support.machine(tmp_path, files=(*support.EVERYTHING, "/usr/bin/apt-get"))
    assert packages.main(["--for", purpose], machine) == 0
    assert installed == []


def test_carla_is_looked_for_where_its_prefix_says(tmp_path: Path) -> None:
    files = (*support.EVERYTHING, CARLA)
    assert support.machine(tmp_path, files=files).carla()
    assert not support.machine(tmp_path, CARLA_PREFIX="/nowhere").carla()
    assert support.machine(tmp_path, CARLA_PREFIX="/usr").carla()
