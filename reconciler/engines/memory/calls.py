"""The record of every call that would change the memory studio, and failures on request."""

import enum
from collections.abc import Callable

import msgspec

from reconciler.model.actions import Call
from reconciler.model.errors import EngineError


class StopServer(msgspec.Struct, frozen=True, tag_field="call", tag="stop-server"):
    """The server was asked to stop; plans have no such action, a restart is a stop and a start."""


RecordedCall = Call | StopServer
"""What is recorded: the words of plans, so that a test compares a plan's actions with the record itself."""


class Effect(enum.Enum):
    """How a call fails."""

    FAIL = "fail"
    """It raises, and nothing happened."""
    LATE = "late"
    """It raises, though it did what was asked: an answer that came too late."""
    LOSE = "lose"
    """It does nothing and the engine says nothing, as setters do that never report failure."""
    PLUGIN_DIES = "plugin-dies"
    """The plugin that it is about dies, and the call with it."""
    HOST_DIES = "host-dies"
    """The plugin host dies with all its plugins, and the call with it."""
    SERVER_DIES = "server-dies"
    """The JACK server dies, and the call with it."""


class _Fault(msgspec.Struct):
    """A failure that waits: ``skip`` matching calls pass first, then ``times`` of them fail (None: for ever)."""

    matches: Callable[[RecordedCall], bool]
    effect: Effect
    skip: int
    times: int | None


class Calls:
    """What was called, in order, and what is to fail."""

    def __init__(self) -> None:
        self.made: list[RecordedCall] = []
        """Every call that would change something, failed ones included. Reads are not recorded."""
        self._faults: list[_Fault] = []

    def clear(self) -> None:
        """Forget what was called; failures asked for stay."""
        self.made.clear()

    def fail_nth(self, number: int, effect: Effect = Effect.FAIL) -> None:
        """Let the n-th changing call from now fail; 1 is the very next."""
        self._faults.append(_Fault(lambda _: True, effect, number - 1, 1))

    def fail_when(
        self, matches: Callable[[RecordedCall], bool], effect: Effect = Effect.FAIL, *, times: int | None = 1
    ) -> None:
        """Let calls that match fail, ``times`` of them; None means every one until :meth:`mend`."""
        self._faults.append(_Fault(matches, effect, 0, times))

    def mend(self) -> None:
        """Nothing fails any more."""
        self._faults.clear()

    def record(self, call: RecordedCall) -> Effect | None:
        """Note a call and return how it is to fail, if it is."""
        self.made.append(call)
        decided = None
        for fault in list(self._faults):
            if not fault.matches(call):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if decided is not None:
                continue
            decided = fault.effect
            if fault.times is not None:
                fault.times -= 1
                if fault.times == 0:
                    self._faults.remove(fault)
        return decided


def injected(call: RecordedCall) -> EngineError:
    """Return the error of a call that was told to fail."""
    return EngineError(
        "injected", f"{call} failed because it was asked to.", details={"call": msgspec.to_builtins(call)}
    )
