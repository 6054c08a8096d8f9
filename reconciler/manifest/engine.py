"""Pydantic models of ``engine:``, the plugin host and its own settings."""

import enum
from typing import Annotated, Self

from pydantic import Field, model_validator

from reconciler.manifest.base import Strict
from reconciler.manifest.fields import AttachUrl, Prefix, Section, Tempo
from reconciler.manifest.mistakes import Mistake, Mistakes


class HostChoice(enum.StrEnum):
    """Which plugin host."""

    AUTO = "auto"
    JALV = "jalv"
    CARLA = "carla"
    MEMORY = "memory"


class Mode(enum.StrEnum):
    """How Carla shows its plugins to JACK."""

    MULTIPLE_CLIENTS = "multiple-clients"
    PATCHBAY = "patchbay"


class Transport(enum.StrEnum):
    """Whose clock rolls."""

    JACK = "jack"
    INTERNAL = "internal"


class Scheme(enum.StrEnum):
    """Kinds of plugins that lie in folders."""

    LV2 = "lv2"
    LADSPA = "ladspa"
    DSSI = "dssi"
    VST2 = "vst2"
    VST3 = "vst3"
    CLAP = "clap"
    SF2 = "sf2"
    SFZ = "sfz"


class EngineSpec(Strict):
    """The plugin host."""

    host: Annotated[
        HostChoice,
        Field(
            strict=False,
            description="Plugin host: `auto` takes Carla where it is installed, else jalv; `jalv` loads LV2 plugins "
            "only, `carla` loads everything, `memory` only pretends (for tests and for planning without a studio).",
        ),
    ] = HostChoice.AUTO
    mode: Annotated[
        Mode,
        Field(
            strict=False,
            description="For Carla: `multiple-clients` makes each plugin a JACK client with all its ports; `patchbay` "
            "makes one client of them all, with 2 audio inputs, 2 outputs and MIDI, which is quicker for many. A "
            "change restarts the engine and brings everything back.",
        ),
    ] = Mode.MULTIPLE_CLIENTS
    prefix: Annotated[
        Prefix,
        Field(
            description="Stands before every plugin's JACK client name; sets sessions apart that share a server.",
            examples=["live-"],
        ),
    ] = ""
    attach: Annotated[
        AttachUrl | None,
        Field(
            description="Drive a Carla that already runs, window and all, over OSC, instead of one that studio starts. "
            "Carla shows the address under Settings > Configure Carla > OSC. Only on this machine, as OSC has no "
            "password.",
            examples=["osc.tcp://127.0.0.1:22752/Carla"],
        ),
    ] = None
    bridges: Annotated[
        bool,
        Field(
            description="Every plugin that can gets a process of its own, so that one that crashes takes nothing "
            "along (Carla). A plugin's own `bridge` says otherwise for it."
        ),
    ] = False
    force_stereo: Annotated[
        bool,
        Field(
            description="Every plugin with one audio input or output is loaded twice, one for each side (Carla). A "
            "plugin's own `options: { force_stereo: false }` says otherwise for it."
        ),
    ] = False
    transport: Annotated[
        Transport | None,
        Field(
            strict=False,
            description="Whose clock rolls (Carla): `jack`, or in patchbay mode also `internal`. Left out: `jack`.",
        ),
    ] = None
    tempo: Annotated[
        Tempo | None,
        Field(
            description="Beats per minute that plugins hear of, 20 to 999 (Carla). Left out: nobody's; 120 at start.",
            examples=["120 bpm", 97.5],
        ),
    ] = None
    paths: Annotated[
        dict[Annotated[Scheme, Field(strict=False)], list[Annotated[str, Field(min_length=1)]]], Section(dict)
    ] = Field(
        default={},
        description="Folders that plugins are looked for in before the usual ones, by kind, relative to this file "
        "(Carla). Sounds (`sf2`, `sfz`) may lie anywhere; folders of programs must belong to the administrator and be "
        "writable to nobody else, as a manifest may come from anybody.",
        examples=[{"sf2": ["sounds"]}],
    )

    @model_validator(mode="after")
    def _attached_is_carla(self) -> Self:
        if self.attach is not None and self.host not in (HostChoice.AUTO, HostChoice.CARLA):
            message = f"attach is for Carla, and the host is {self.host}"
            raise Mistakes([Mistake("attach-host", message, "write `host: carla`, or take attach out", path=("host",))])
        return self

    @model_validator(mode="after")
    def _settings_fit_together(self) -> Self:
        if self.transport is Transport.INTERNAL and self.mode is not Mode.PATCHBAY:
            hint = "take `mode: patchbay`, or leave the transport to JACK"
            message = "where each plugin is a JACK client of its own, only JACK can be the clock"
            raise Mistakes([Mistake("contradiction", message, hint, path=("transport",))])
        if self.bridges and self.force_stereo:
            message = "a plugin in a process of its own cannot be forced to stereo"
            raise Mistakes([Mistake("contradiction", message, "take one of the two", path=("force_stereo",))])
        return self
