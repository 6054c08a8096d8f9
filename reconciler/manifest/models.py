"""The manifest as it is written: every key, its meaning, its range.

The descriptions become the JSON Schema's, the editor's and ``docs/reference/manifest.md``. Types are strict: YAML has
already said what is a number and what is text, and a second guess (``"yes"`` for true) would hide a slip.
"""

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema

from reconciler.manifest import names
from reconciler.manifest.base import Strict
from reconciler.manifest.engine import EngineSpec, HostChoice, Mode, Scheme, Transport
from reconciler.manifest.fields import (
    End,
    PluginName,
    Section,
    ServerName,
    SessionName,
    Word,
    link,
    version,
)
from reconciler.manifest.keeping import CustomDataSpec, OptionsSpec, PortsSpec
from reconciler.manifest.mistakes import Mistake, Mistakes, did_you_mean
from reconciler.manifest.mixing import MidiSpec, MixSpec
from reconciler.manifest.plugin import PluginSpec

__all__ = [
    "PLANNED",
    "SECTIONS",
    "EngineSpec",
    "Hardware",
    "HostChoice",
    "Jack",
    "LinkSpec",
    "Manage",
    "Manifest",
    "Mode",
    "PluginSpec",
    "Policy",
    "Scheme",
    "Transport",
    "Unmanaged",
]


class Manage(enum.StrEnum):
    """What studio may do with the JACK server."""

    NEVER = "never"
    START = "start"
    RESTART = "restart"


class Unmanaged(enum.StrEnum):
    """What to do with plugins and links nobody declared."""

    IGNORE = "ignore"
    WARN = "warn"
    PRUNE = "prune"


class Jack(Strict):
    """The JACK server the session wants. A setting left out may be anything."""

    server: Annotated[
        ServerName | None,
        Field(description="Name of the JACK server. Without it, the default one (JACK_DEFAULT_SERVER, or `default`)."),
    ] = None
    driver: Annotated[
        Word | None,
        Field(description="JACK driver: `alsa` for a sound card, `dummy` for none.", examples=["alsa", "dummy"]),
    ] = None
    device: Annotated[
        Word | None,
        Field(
            description="The driver's device. `hw:NAME` is safer than `hw:NUMBER`, which changes with the USB socket.",
            examples=["hw:USB", "hw:CODEC,0"],
        ),
    ] = None
    sample_rate: Annotated[
        int | None, Field(ge=8000, le=384_000, description="Sample rate in Hz.", examples=[48000, 44100])
    ] = None
    period: Annotated[
        int | None,
        Field(
            ge=16,
            le=8192,
            description="Frames in one period (the buffer size). At 48000 Hz, 128 frames are 2.7 ms.",
            examples=[64, 128, 256],
        ),
    ] = None
    periods: Annotated[
        int | None,
        Field(ge=2, le=16, description="Periods in the hardware buffer; USB interfaces often like 3.", examples=[2, 3]),
    ] = None
    realtime: Annotated[
        bool | None, Field(description="Whether the server runs with realtime scheduling. Left out: if it can.")
    ] = None
    manage: Annotated[
        Manage,
        Field(
            strict=False,
            description="What studio may do to the server: `never` touch it, `start` it if none runs, or also "
            "`restart` the one it started when a setting changes (every client loses its sound for that time).",
        ),
    ] = Manage.NEVER


class Hardware(Strict):
    """What is below the plugins."""

    jack: Jack | None = Field(
        default=None, description="The JACK server. Left out: whatever runs is fine.", examples=[{"sample_rate": 48000}]
    )


class LinkSpec(Strict):
    """One link from outputs to inputs; `SOURCE -> TARGET` in short."""

    source: Annotated[
        End,
        Field(
            alias="from",
            description="Where the signal comes from: `node:port`, or `node` for its main outputs.",
            examples=["system:capture_1", "eq"],
        ),
    ]
    target: Annotated[
        End,
        Field(
            alias="to",
            description="Where the signal goes: `node:port`, or `node` for its main inputs.",
            examples=["system:playback_1", "reverb:in_l"],
        ),
    ]


class _AsText:
    """In the schema, a link is text or a mapping."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        text = {
            "type": "string",
            "pattern": names.LINK_PATTERN,
            "description": "SOURCE -> TARGET, each `node` or `node:port`",
        }
        return {"anyOf": [text, handler(core)]}


class Policy(Strict):
    """What studio may do beyond the manifest."""

    unmanaged: Annotated[
        Unmanaged,
        Field(
            strict=False,
            description="Plugins in this session's host, and links that touch its ports, which nobody declared: "
            "`ignore` them, `warn` of them, or `prune` (remove) them. Links between other programs are never touched.",
        ),
    ] = Unmanaged.WARN


class Manifest(Strict):
    """A studio session: what should be loaded, set and connected."""

    version: Annotated[
        Literal[1], BeforeValidator(version), Field(description="Format of this file; 1 is the only one.")
    ]
    session: Annotated[
        SessionName,
        Field(description="Name of the session; its records are kept under it.", examples=["podcast", "live-rig"]),
    ]
    hardware: Annotated[Hardware, Section(dict)] = Field(default=Hardware(), description="What is below the plugins.")
    engine: Annotated[EngineSpec, Section(dict)] = Field(default=EngineSpec(), description="The plugin host.")
    plugins: Annotated[dict[PluginName, PluginSpec], Section(dict)] = Field(
        default={},
        description="Plugins by name. A name is an identity: change it and the plugin is another one (see `moved`).",
        json_schema_extra={"propertyNames": {"pattern": names.NAME_PATTERN, "not": {"const": "system"}}},
    )
    chains: Annotated[dict[str, Annotated[list[End], Field(min_length=2)]], Section(dict)] = Field(
        default={},
        description="Signal paths by any name: each node's main outputs go to the next one's main inputs, in order. "
        "A node is a plugin of this file or a JACK client, with `:port` for a certain port.",
        examples=[{"voice": ["system:capture_1", "gate", "eq", "system:playback_1"]}],
    )
    links: Annotated[list[Annotated[LinkSpec, BeforeValidator(link), _AsText()]], Section(list)] = Field(
        default=[],
        description="Single links, each `SOURCE -> TARGET` or `{from: SOURCE, to: TARGET}`.",
        examples=[["keyboard:midi_out -> keys", {"from": "mic:out_l", "to": "eq:in_l"}]],
    )
    moved: Annotated[dict[str, str], Section(dict)] = Field(
        default={},
        description="Plugins that were renamed, as `OLD: NEW`: renamed in the studio too, not destroyed and made anew.",
        examples=[{"old-eq": "eq"}],
    )
    policy: Annotated[Policy, Section(dict)] = Field(
        default=Policy(), description="What studio may do beyond this file."
    )

    @model_validator(mode="after")
    def _names_fit_together(self) -> Self:
        mistakes = [*self._long_names(), *self._wrong_moves(), *self._slips(), *self._managed_below_others()]
        if mistakes:
            raise Mistakes(mistakes)
        return self

    def _long_names(self) -> list[Mistake]:
        mistakes = []
        for name in self.plugins:
            client = self.engine.prefix + name
            size = len(client.encode())
            if size > names.LONGEST_NAME or client == "system":
                why = f"{size} bytes are more than JACK's {names.LONGEST_NAME}" if client != "system" else "JACK's own"
                message = f'with the prefix its JACK name is "{client}": {why}'
                mistakes.append(
                    Mistake("bad-name", message, "shorten one of the two", path=("plugins", name), at_key=True)
                )
        return mistakes

    def _managed_below_others(self) -> list[Mistake]:
        jack = self.hardware.jack
        if self.engine.attach is None or jack is None or jack.manage is Manage.NEVER:
            return []
        message = f"manage: {jack.manage} is not possible with engine.attach: that Carla lives on this JACK server"
        path = ("hardware", "jack", "manage")
        return [Mistake("attach-jack", message, "take `manage` out: the server is its user's", path=path)]

    def _wrong_moves(self) -> list[Mistake]:
        mistakes = []
        seen: dict[str, str] = {}
        for old, new in self.moved.items():
            path = ("moved", old)
            hint: str | None
            if old == new:
                mistakes.append(Mistake("bad-move", f'"{old}" is moved to itself', "take the line out", path=path))
            elif old in self.plugins:
                message = f'"{old}" is still a plugin of this file'
                hint = f'OLD: NEW is the order; give the plugin its new name, "{new}"'
                mistakes.append(Mistake("bad-move", message, hint, path=path, at_key=True))
            elif new not in self.plugins:
                hint = "write the last name only" if new in self.moved else did_you_mean(new, self.plugins)
                message = f'"{new}" is no plugin of this file'
                mistakes.append(Mistake("bad-move", message, hint or "OLD: NEW is the order", path=path))
            elif (first := seen.setdefault(new, old)) != old:
                message = f'"{first}" is moved to "{new}" too; two plugins cannot become one'
                mistakes.append(Mistake("bad-move", message, "keep one of the two lines", path=path))
        return mistakes

    def _slips(self) -> list[Mistake]:
        """Nodes that are a plugin's name but for case, dashes and spaces. JACK clients may have any name at all."""
        plain = {_plain(name): name for name in self.plugins if _plain(name)}
        ends: list[tuple[tuple[str | int, ...], str]] = [
            (("chains", chain, place), node) for chain, nodes in self.chains.items() for place, node in enumerate(nodes)
        ]
        for place, link_ in enumerate(self.links):
            ends += [(("links", place, "from"), link_.source), (("links", place, "to"), link_.target)]
        mistakes = []
        for path, node in ends:
            meant = plain.get(_plain(node))
            if meant is not None and node not in self.plugins and ":" not in node:
                hint = f'did you mean "{meant}"? For a JACK client of that name, write its port too: "{node}:PORT"'
                mistakes.append(Mistake("unknown-node", f'"{node}" is no plugin of this file', hint, path=path))
        return mistakes


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


SECTIONS: Mapping[tuple[str, ...], type[BaseModel]] = MappingProxyType(
    {
        (): Manifest,
        ("hardware",): Hardware,
        ("hardware", "jack"): Jack,
        ("engine",): EngineSpec,
        ("plugins", "*"): PluginSpec,
        ("plugins", "*", "mix"): MixSpec,
        ("plugins", "*", "midi", "*"): MidiSpec,
        ("plugins", "*", "options"): OptionsSpec,
        ("plugins", "*", "custom_data", "*"): CustomDataSpec,
        ("plugins", "*", "ports"): PortsSpec,
        ("links", "*"): LinkSpec,
        ("policy",): Policy,
    }
)
"""Every mapping with keys of its own, by the path to it; ``*`` stands for a name or a number."""

PLANNED: Mapping[type[BaseModel], frozenset[str]] = MappingProxyType(
    {
        Manifest: frozenset(
            {
                *("buses", "sends", "sidechains", "mixer", "extends", "vars", "templates", "scenes", "macros"),
                *("automation", "controllers", "transport", "checks", "midi"),
            }
        ),
        Hardware: frozenset({"mixer", "midi"}),
        LinkSpec: frozenset({"gain"}),
        Policy: frozenset({"max_gain_step"}),
    }
)
"""Keys of the design that this version does not know yet: refused by name, so that nobody thinks them at work."""
