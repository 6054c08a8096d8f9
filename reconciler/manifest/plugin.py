"""One plugin of the manifest: every key, its meaning, its range."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from reconciler.manifest import names
from reconciler.manifest.base import Strict
from reconciler.manifest.fields import Ignored, PluginUri, Program, Section, StateFile, Value
from reconciler.manifest.keeping import CustomKey, CustomValue, OptionsSpec, PortsSpec
from reconciler.manifest.mistakes import Mistake, Mistakes
from reconciler.manifest.mixing import MidiSpec, MixSpec


class PluginSpec(Strict):
    """One plugin. Its key is its name, and its JACK client's."""

    plugin: Annotated[
        PluginUri,
        Field(
            description="Which plugin, as `KIND:WHAT`; `lv2:` and its URI for LV2. `studio plugins search` finds them.",
            examples=["lv2:http://gareus.org/oss/lv2/fil4#mono", "lv2:http://plugin.org.uk/swh-plugins/amp"],
        ),
    ]
    active: Annotated[bool, Field(description="Whether it works; `false` bypasses it.")] = True
    params: Annotated[dict[str, Value], Section(dict)] = Field(
        default={},
        description='Parameters by symbol, by name, or by port number as `"#3"`. A number is in the plugin\'s own '
        "unit; text carries a unit (`-12 dB`, `1.2 kHz`, `10 ms`, `45%`, `A4`) or is the label of a value. Parameters "
        "not written here are nobody's: never touched.",
        examples=[{"threshold": "-32 dB", "ratio": 4}],
    )
    program: Annotated[
        Program,
        Field(
            description="Preset to load before the parameters are set: its label, its URI, or its number from 0.",
            examples=["Warm", 3],
        ),
    ] = None
    mix: Annotated[MixSpec, Section(dict)] = Field(
        default=MixSpec(), description="What the host mixes around the plugin (Carla)."
    )
    midi: Annotated[dict[str, MidiSpec], Section(dict)] = Field(
        default={},
        description="Parameters that follow MIDI or CV, by symbol, name or port number as in `params` (Carla). Link "
        "the controller to the plugin, `keyboard:midi_out -> eq`, or to its port `events-in`, which every plugin with "
        "parameters has. What the controller moves is no drift; `params` says where it begins.",
        examples=[{"level_in": {"cc": 21, "channel": 1, "range": ["-24 dB", "0 dB"]}}],
    )
    options: Annotated[OptionsSpec, Section(dict)] = Field(
        default=OptionsSpec(), description="Switches of the host for this plugin (Carla)."
    )
    custom_data: Annotated[dict[CustomKey, CustomValue], Section(dict)] = Field(
        default={},
        description="Named values that the plugin keeps beside its parameters, such as the file it plays: text, or "
        "`{type: path, value: FILE}` (Carla). A host cannot take such a value back: when its line goes, it stays as it "
        "is, and is nobody's.",
        examples=[{"file": {"type": "path", "value": "sounds/rain.wav"}}],
    )
    state: Annotated[
        StateFile | None,
        Field(
            description="State file (`.carxs`, as Carla saves it) with all that the plugin itself holds; relative to "
            "this file. Loaded before the program and the parameters. What the host does around the plugin (`active`, "
            "`mix`, `midi`, `options`) is not taken from it.",
            examples=["states/piano.carxs"],
        ),
    ] = None
    bridge: Annotated[
        bool,
        Field(
            description="Run it in a process of its own, so that a crash of it is the end of nothing else (Carla; not "
            "for internal:, sf2: and sfz:)."
        ),
    ] = False
    ports: Annotated[
        PortsSpec | None,
        Field(description="How many ports a `jack:` program gets; 2 audio inputs and outputs if left out."),
    ] = None
    protect: Annotated[
        bool, Field(description="Never remove or replace it without being named on the command line.")
    ] = False
    ignore: Annotated[list[Ignored], Section(list)] = Field(
        default=[],
        description="What is somebody else's to set: `active`, `program`, `state`, `params.SYMBOL`, "
        "`mix.KEY`, `midi.SYMBOL`, `options.KEY`, `custom_data.KEY`; `*` stands for any text. "
        "Never compared, never set.",
        examples=[["params.level_out"], ["params.*"]],
    )

    @model_validator(mode="after")
    def _no_declared_is_ignored(self) -> Self:
        mistakes = []
        declared = [(key,) for key in ("active", "program", "state") if key in self.model_fields_set]
        mixed = [("mix", key) for key in self.mix.model_fields_set]
        mixed += [("options", key) for key in self.options.model_fields_set]
        written = (("params", self.params), ("midi", self.midi), ("custom_data", self.custom_data))
        maps = [*mixed, *((word, key) for word, keys in written for key in keys)]
        for path in (*declared, *maps):
            if pattern := names.matches(".".join(path), self.ignore):
                hint = "take one of the two out"
                message = f'"{path[-1]}" is set here and also ignored, by "{pattern}"'
                mistakes.append(Mistake("declared-and-ignored", message, hint, path=path, at_key=True))
        if self.ports is not None and not self.plugin.startswith("jack:"):
            hint = "other plugins bring their own; take it out"
            mistakes.append(Mistake("bad-ports", "only a jack: program is given its ports", hint, path=("ports",)))
        if mistakes:
            raise Mistakes(mistakes)
        return self
