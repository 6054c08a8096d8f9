"""What a plugin host does around a plugin: mixing, and letting parameters follow MIDI or CV."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from reconciler.manifest.base import Strict
from reconciler.manifest.fields import Channel, Pair, Value
from reconciler.manifest.mistakes import Mistake, Mistakes


class MixSpec(Strict):
    """Carla's own values around a plugin. What is not written here is nobody's."""

    dry_wet: Annotated[
        Value | None, Field(description="How much of the plugin is heard, `0%` to `100%`.", examples=["40%"])
    ] = None
    volume: Annotated[
        Value | None,
        Field(description="Volume behind the plugin, `-inf dB` to `+2.07 dB`.", examples=["-1.5 dB"]),
    ] = None
    balance: Annotated[
        Pair | None,
        Field(
            description="Where the left and the right output go, each from -1 (left) to 1 (right).",
            examples=[[-1, 1]],
        ),
    ] = None
    pan: Annotated[
        Value | None, Field(description="Place of a mono plugin, -1 (left) to 1 (right).", examples=[-0.3])
    ] = None
    control_channel: Annotated[
        Channel,
        Field(description="MIDI channel of programs and volume, 1 to 16, or `off`.", examples=[1]),
    ] = None


class MidiSpec(Strict):
    """What one parameter follows: exactly one of `cc`, `pitch_bend` and `cv`."""

    cc: Annotated[int | None, Field(ge=0, le=119, description="Number of the control change.", examples=[21])] = None
    pitch_bend: Annotated[
        bool, Field(description="Follow the pitch bend wheel. Carla 2.6 keeps and saves this, and moves nothing by it.")
    ] = False
    cv: Annotated[
        bool,
        Field(description="Follow CV, on a port called as the parameter: `lfo:cv -> eq:gain`."),
    ] = False
    channel: Annotated[int, Field(ge=1, le=16, description="MIDI channel.", examples=[1])] = 1
    range: Annotated[
        Pair | None,
        Field(
            description="Values at the low and the high end of the control; the other way round turns it upside "
            "down. Left out: the parameter's whole range. With `cv`, the two voltages that move the parameter over its "
            "whole range, such as `[0, 1]`; left out, the voltage is its value.",
            examples=[["-24 dB", "0 dB"]],
        ),
    ] = None

    @property
    def source(self) -> str:
        """``cc``, ``pitch-bend`` or ``cv``."""
        return "cc" if self.cc is not None else "pitch-bend" if self.pitch_bend else "cv"

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.cc is not None) + self.pitch_bend + self.cv != 1:
            hint = "write one of `cc: NUMBER`, `pitch_bend: true`, `cv: true`"
            raise Mistakes([Mistake("bad-midi", "a parameter follows one control", hint, path=())])
        return self
