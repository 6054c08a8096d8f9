"""A state file, read by a host right before it is loaded: still the one that was planned, and of this very plugin."""

from pathlib import Path

from reconciler.model import states
from reconciler.model.catalogue import PluginType
from reconciler.model.errors import EngineError, StudioError, Where
from reconciler.model.states import State


def read(name: str, kind: PluginType, path: str, digest: str) -> State:
    """Return what a state file holds.

    Parameters
    ----------
    name
        The plugin that is to get it.
    digest
        The SHA-256, in hex, that the file must have.

    Raises
    ------
    EngineError
        ``bad-state``.
    """
    try:
        state, found = states.read(Path(path))
    except StudioError as error:
        raise _bad(name, error.message, error.hint) from error
    other = states.stranger(state, kind)
    if other is not None:
        raise _bad(name, f"{path} is the state of another plugin ({other}), not of {kind.uri}.", None)
    if found != digest:
        raise _bad(name, f"{path} was written since the plan was made.", "Plan again: `studio apply`.")
    return state


def _bad(name: str, message: str, hint: str | None) -> EngineError:
    return EngineError("bad-state", f"{name}: {message}", where=Where(address=f"plugins.{name}.state"), hint=hint)
