"""Programs that a manifest names: started once a person has said so, and never before."""

from tests.cli.conftest import Inside, Write

MANIFEST = """\
version: 1
session: click
engine: { host: memory }
plugins:
  metro:
    plugin: jack:jack_metro --bpm BPM
    ports: { audio_in: 0, audio_out: 1 }
links: [metro -> system:playback_*]
"""


def test_a_program_is_started_with_leave_alone_and_then_without(inside: Inside, write: Write) -> None:
    write(MANIFEST.replace("BPM", "120"))
    for command in (("apply", "--yes"), ("apply", "--yes", "--json")):
        refused = inside(*command)
        assert refused.code == 5
        assert "jack_metro --bpm 120" in refused.out + refused.err
    assert refused.error["code"] == "program-needs-leave"
    assert "--allow-programs" in refused.error["hint"]
    assert inside("plan").out.count("refused") == 2
    assert "refused" not in inside("plan", "--allow-programs").out
    assert inside("apply", "--yes", "--allow-programs").code == 0
    assert inside("plan", "--exit-code").code == 0
    assert inside("drift").code == 0
    inside("down")
    assert inside("apply", "--yes").code == 0, "the very same program was let in before"


def test_another_command_needs_leave_again(inside: Inside, write: Write) -> None:
    write(MANIFEST.replace("BPM", "120"))
    assert inside("apply", "--yes", "--allow-programs").code == 0
    write(MANIFEST.replace("BPM", "90"))
    assert inside("apply", "--yes").code == 5
    assert inside("apply", "--yes", "--allow-programs").code == 0
