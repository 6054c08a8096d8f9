"""Connections of both patchbays as links."""

from typing import Any

from tests.projects.made import compiled, imported, lv2

EQ, VERB, GAIN, SYNTH = lv2("eq", "equalizer"), lv2("verb", "reverb"), lv2("gain", "gain"), lv2("synth", "synth")


def links(*plugins: Any, **rest: Any) -> list[str]:
    found = imported(*plugins, **rest)
    compiled(found)
    written = found.manifest["links"]
    assert isinstance(written, list)
    return written


def test_all_of_one_into_all_of_another_is_one_link() -> None:
    both = (("eq:Out L", "eq2:In L"), ("eq:Out R", "eq2:In R"))
    assert links(EQ, lv2("eq2", "equalizer"), external=both) == ["eq -> eq2"]
    assert links(EQ, lv2("eq2", "equalizer"), external=both[:1]) == ["eq:out_l -> eq2:in_l"]
    crossed = (("eq:Out L", "eq2:In R"), *both)
    assert links(EQ, lv2("eq2", "equalizer"), external=crossed) == ["eq -> eq2", "eq:out_l -> eq2:in_r"]


def test_event_ports_are_found_by_carla_s_name_for_them() -> None:
    assert links(SYNTH, external=(("pad:out", "synth:events-in"),)) == ["pad:out -> synth:midi_in"]


def test_a_jack_client_is_told_by_its_place_where_its_name_is_another() -> None:
    saved = (("system:capture_1", "gain-01:In"),)
    assert links(GAIN, external=saved, clients={0: "gain-01"}) == ["system:capture_1 -> gain:in"]


def test_connections_between_others_come_last() -> None:
    saved = (
        ("system:capture_1", "meter:in"),
        ("gain:Out", "system:playback_10"),
        ("gain:Out", "system:playback_2"),
        ("system:capture_1", "gain:In"),
    )
    assert links(GAIN, external=saved) == [
        "system:capture_1 -> gain:in",
        "gain:out -> system:playback_2",
        "gain:out -> system:playback_10",
        "system:capture_1 -> meter:in",
    ]


def test_what_runs_through_carla_s_own_client_is_one_link() -> None:
    inner = (
        ("Audio Input:Left", "eq:In L"),
        ("Audio Input:Left", "eq:In R"),
        ("eq:Out L", "Audio Output:Left"),
        ("eq:Out R", "Audio Output:Right"),
        ("Midi Input:Capture 1", "synth:events-in"),
    )
    outer = (
        ("system:capture_1", "Carla:audio-in1"),
        ("mic:out", "Carla:audio-in1"),
        ("Carla:audio-out1", "system:playback_1"),
        ("Carla:audio-out2", "system:playback_2"),
        ("Carla:audio-out2", "recorder:in"),
        ("pad:out", "Carla:events-in"),
        ("system:capture_2", "recorder:in"),
    )
    assert links(EQ, SYNTH, internal=inner, external=outer) == [
        "mic:out -> eq:in_l",
        "mic:out -> eq:in_r",
        "system:capture_1 -> eq:in_l",
        "system:capture_1 -> eq:in_r",
        "pad:out -> synth:midi_in",
        "eq:out_l -> system:playback_1",
        "eq:out_r -> system:playback_2",
        "eq:out_r -> recorder:in",
        "system:capture_2 -> recorder:in",
    ]


def test_a_patchbay_that_nothing_in_jack_leads_to_stands_for_the_sound_card() -> None:
    """As Carla itself takes it when it loads such a project where it has no patchbay."""
    inner = (("Audio Input:Right", "gain:In"), ("gain:Out", "Audio Output:Left"))
    assert links(GAIN, internal=inner) == ["system:capture_2 -> gain:in", "gain:out -> system:playback_1"]


def test_halves_that_come_to_nothing_are_told() -> None:
    inner = (("Audio Input:Right", "gain:In"), ("gain:Out", "Audio Output:Left"))
    found = imported(GAIN, internal=inner, external=(("Carla:audio-out1", "system:playback_1"),))
    assert found.manifest["links"] == ["gain:out -> system:playback_1"]
    assert found.notes == (
        "left out, as nothing in JACK is connected to the other side: what runs through Audio Input:Right",
    )


def test_a_port_that_a_plugin_no_longer_has_is_told() -> None:
    found = imported(GAIN, external=(("gain:Sub Out", "system:playback_1"),))
    assert "links" not in found.manifest
    assert found.notes == ("left out, as no port has that name: gain:Sub Out",)


def test_feedback_is_taken_out_and_told() -> None:
    ring = (("a:Out", "b:In"), ("b:Out", "c:In"), ("c:Out", "a:In"), ("a:Out", "system:playback_1"))
    found = imported(*(lv2(name, "gain") for name in "abc"), external=ring)
    assert found.manifest["links"] == ["a -> b", "a:out -> system:playback_1", "b -> c"]
    assert found.notes == ("c:out -> a:in closes a feedback loop: left out",)
