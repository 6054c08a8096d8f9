"""What the doctor says of machines of every sort."""

from pathlib import Path

import msgspec
import pytest

from reconciler.doctor.checks import Facts, examine
from reconciler.doctor.findings import Finding, State, ready
from reconciler.doctor.needs import NEEDS, Purpose
from reconciler.doctor.probe import Carla, Probe, Server
from tests.doctor import support

HEALTHY = Facts(
    user="ann",
    groups=frozenset({"ann", "audio"}),
    rtprio=95,
    memlock=-1,
    shm_free=4 << 30,
    python="3.12.1",
    jackd="jackdmp version 1.9.21 tmpdir /dev/shm protocol 9",
    probe=Probe(library="1.9.21", realtime=True),
)


def look(
    root: Path, known: Facts = HEALTHY, files: tuple[str, ...] = support.EVERYTHING, **env: str
) -> dict[str, Finding]:
    (root / "run/user/1000").mkdir(parents=True, exist_ok=True)
    machine = support.machine(root, files=files, XDG_RUNTIME_DIR="/run/user/1000", **env)
    group = root / "etc/group"
    if not group.exists():
        group.write_text("root:x:0:\naudio:x:29:ann\n", encoding="utf-8")
    findings = examine(machine, known)
    assert len({finding.name for finding in findings}) == len(findings), "a name is said once"
    return {finding.name: finding for finding in findings}


def test_a_healthy_machine_lacks_nothing(tmp_path: Path) -> None:
    findings = look(tmp_path)
    assert [finding for finding in findings.values() if finding.state is State.LACK] == []
    assert ready(list(findings.values()))


@pytest.mark.parametrize("part", ["jackd", "libjack", "jalv", "liblilv"])
def test_nothing_sounds_without_the_essentials(tmp_path: Path, part: str) -> None:
    findings = list(look(tmp_path, files=support.without(part)).values())
    lacks = [finding for finding in findings if finding.state is State.LACK]
    assert not ready(findings)
    assert len(lacks) == 1
    assert [finding.essential for finding in lacks] == [True]
    assert (lacks[0].mend or "").startswith("sudo apt-get install ")


def test_missing_plugins_are_a_lack_but_not_an_essential_one(tmp_path: Path) -> None:
    findings = look(tmp_path, files=support.without("mda.lv2", "dpl.lv2"))
    lack = findings["example sessions"]
    assert lack.state is State.LACK
    assert lack.mend == "sudo apt-get install x42-plugins mda-lv2"
    assert ready(list(findings.values()))


def test_every_lack_of_an_empty_machine_comes_with_its_mend(tmp_path: Path) -> None:
    poor = Facts(user="ann", memlock=8 << 20, shm_free=64 << 20, python="3.12.1")
    findings = look(tmp_path, poor, files=())
    lacks = {name: finding for name, finding in findings.items() if finding.state is State.LACK}
    assert set(lacks) == {
        "JACK",
        "plugin host",
        "lilv",
        "LV2 plugins",
        "example sessions",
        "realtime priority",
        "locked memory",
        "groups",
        "shared memory",
    }
    assert [name for name, finding in lacks.items() if not finding.mend] == ["LV2 plugins"], "the next line mends it"


def test_a_running_server_is_described(tmp_path: Path) -> None:
    server = Server(sample_rate=48000, period=256, realtime=True, ports=6)
    known = msgspec.structs.replace(HEALTHY, probe=Probe(library="1.9.21", server=server, realtime=True))
    assert look(tmp_path, known)["JACK server"].says == "runs at 48000 Hz, 256 frames (5.3 ms), realtime, 6 ports"


def test_a_server_that_does_not_answer_is_unknown_not_absent(tmp_path: Path) -> None:
    known = msgspec.structs.replace(HEALTHY, probe=Probe(trouble="JACK did not answer within 5 s"))
    assert look(tmp_path, known)["JACK server"].state is State.UNKNOWN


PIPEWIRE = "/usr/lib/x86_64-linux-gnu/pipewire-0.3/jack/libjack.so.0"


def test_pipewire_in_place_of_jack_is_enough(tmp_path: Path) -> None:
    known = msgspec.structs.replace(HEALTHY, jackd=None, probe=Probe(library="3.0.0 (using PipeWire 1.2.7)"))
    findings = look(tmp_path, known, files=(*support.without("jackd"), PIPEWIRE))
    assert findings["JACK"].state is State.OK
    assert "PipeWire" in findings["JACK"].says


def test_pipewire_beside_the_path_is_entered_by_its_wrapper(tmp_path: Path) -> None:
    findings = look(tmp_path, files=(*support.without("jackd", "libjack"), "/usr/bin/pw-jack", PIPEWIRE))
    assert findings["JACK"].state is State.LACK
    assert (findings["JACK"].mend or "").startswith("pw-jack ")


CARLA = Carla("/opt/carla/lib/carla", "2.6.0", discovery=True, bridge=True, windows=("gtk2", "x11"))


def with_carla(carla: Carla) -> Facts:
    return msgspec.structs.replace(HEALTHY, carla=carla)


def test_carla_is_described_and_is_what_auto_takes(tmp_path: Path) -> None:
    findings = look(tmp_path, with_carla(CARLA))
    assert findings["Carla"].says.startswith("2.6.0 (/opt/carla/lib/carla); modes multiple-clients and patchbay; ")
    assert findings["plugin host"].says.startswith("Carla; ")
    assert {name for name, one in findings.items() if "Carla" in name and one.state is State.LACK} == set()
    assert findings["Carla windows"].says.endswith("gtk2, x11")


def test_with_carla_nothing_else_has_to_host_plugins(tmp_path: Path) -> None:
    findings = look(tmp_path, with_carla(CARLA), files=support.without("jalv"))
    assert ready(list(findings.values()))
    assert (findings["jalv"].state, findings["jalv"].mend) == (State.INFO, "sudo apt-get install jalv")


def test_without_carla_it_is_said_what_it_would_do(tmp_path: Path) -> None:
    findings = look(tmp_path)
    assert findings["plugin host"].says.startswith("jalv")
    assert findings["Carla"].says == "not installed; it runs plugins of every format"
    assert findings["Carla"].mend == "https://kx.studio/Applications:Carla"
    assert "CARLA_PREFIX=/x" in look(tmp_path, CARLA_PREFIX="/x")["Carla"].says


def test_a_carla_that_cannot_be_driven_is_a_lack_and_jalv_is_taken(tmp_path: Path) -> None:
    old = Carla("/usr/lib/carla", "2.5 or older", trouble="The Carla in /usr/lib/carla is too old", hint="take 2.6")
    findings = look(tmp_path, with_carla(old))
    assert (findings["Carla"].state, findings["Carla"].mend) == (State.LACK, "take 2.6")
    assert findings["plugin host"].says.startswith("jalv")


@pytest.mark.parametrize(("part", "name"), [("bridge", "Carla bridges"), ("discovery", "Carla discovery")])
def test_a_part_of_carla_that_is_missing_is_named(tmp_path: Path, part: str, name: str) -> None:
    finding = look(tmp_path, with_carla(msgspec.structs.replace(CARLA, **{part: False})))[name]
    assert finding.state is State.LACK
    assert f"carla-{part}-native" in finding.says


def test_sound_cards_are_named_as_the_manifest_wants_them(tmp_path: Path) -> None:
    cards = tmp_path / "proc/asound/cards"
    cards.parent.mkdir(parents=True)
    cards.write_text(
        " 0 [PCH            ]: HDA-Intel - HDA Intel PCH\n                      HDA Intel PCH at 0xf7 irq 31\n"
        " 1 [USB            ]: USB-Audio - Scarlett 2i2 USB\n                      Focusrite\n",
        encoding="utf-8",
    )
    assert look(tmp_path)["sound cards"].says == (
        'HDA Intel PCH (device: "hw:PCH"); Scarlett 2i2 USB (device: "hw:USB")'
    )


def test_refused_realtime_names_the_limit_and_the_group(tmp_path: Path) -> None:
    known = msgspec.structs.replace(HEALTHY, groups=frozenset({"ann"}), probe=Probe(realtime=False))
    mend = look(tmp_path, known)["realtime priority"].mend or ""
    assert "@audio - rtprio 95" in mend
    assert "usermod -aG audio ann" in mend


def test_refused_realtime_as_root_is_the_containers_doing(tmp_path: Path) -> None:
    known = msgspec.structs.replace(HEALTHY, root=True, probe=Probe(realtime=False))
    assert "CAP_SYS_NICE" in (look(tmp_path, known)["realtime priority"].mend or "")


def test_a_user_outside_the_audio_groups_is_told(tmp_path: Path) -> None:
    known = msgspec.structs.replace(HEALTHY, groups=frozenset({"ann"}))
    assert (look(tmp_path, known)["groups"].mend or "").startswith("sudo usermod -aG audio ann")


def test_a_sleepy_processor_is_mentioned(tmp_path: Path) -> None:
    for cpu, mode in (("cpu0", "powersave"), ("cpu1", "performance")):
        file = tmp_path / f"sys/devices/system/cpu/{cpu}/cpufreq/scaling_governor"
        file.parent.mkdir(parents=True)
        file.write_text(mode + "\n", encoding="ascii")
    finding = look(tmp_path)["CPU governor"]
    assert (finding.state, finding.says.split(":")[0]) == (State.INFO, "performance, powersave")


def test_the_table_covers_what_the_example_sessions_use() -> None:
    """A plugin collection that a session needs and the table lacks would be found missing by nobody."""
    homes = {
        "http://lsp-plug.in/": "LSP plugins",
        "http://gareus.org/": "x42 plugins",
        "http://drobilla.net/plugins/mda/": "MDA plugins",
        "http://plugin.org.uk/swh-plugins/": "SWH plugins",
    }
    listed = {need.name for need in NEEDS if need.purpose is Purpose.SESSIONS}
    assert set(homes.values()) == listed
    for file in sorted((Path(__file__).parents[2] / "sessions").glob("*.yaml")):
        uris = [
            line.split("lv2:", 1)[1] for line in file.read_text(encoding="utf-8").splitlines() if "lv2:http" in line
        ]
        assert uris, file
        assert all(any(uri.startswith(home) for home in homes) for uri in uris), file
