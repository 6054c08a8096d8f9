"""What a picture says of a state: a mark, a colour's name, and words, so that nobody depends on the colour."""

from reconciler.pictures.graph import State, View

MARKS = {
    State.DECLARED: " ",
    State.PRESENT: " ",
    State.CHANGED: "~",
    State.MISSING: "!",
    State.PENDING: "?",
    State.UNMANAGED: "*",
    State.CREATED: "+",
    State.DELETED: "-",
}
"""At the beginning of a line."""

STYLES = {
    State.CHANGED: "change",
    State.MISSING: "bad",
    State.PENDING: "warn",
    State.UNMANAGED: "warn",
    State.CREATED: "add",
    State.DELETED: "remove",
}
"""Words of :data:`reconciler.planning.text.Paint`; states without one are as they should be."""

_OF_NODES = {
    State.CHANGED: "differs",
    State.MISSING: "missing",
    State.PENDING: "waited for",
    State.UNMANAGED: "not in the manifest",
    State.CREATED: "new",
    State.DELETED: "goes",
}
_OF_LINKS = {**_OF_NODES, State.PENDING: "waits"}


def of_node(state: State, view: View) -> str:
    """Return what to say of a node; empty where nothing need be said."""
    return "changes" if state is State.CHANGED and view is View.PLAN else _OF_NODES.get(state, "")


def of_link(state: State) -> str:
    """Return what to say of a link; empty where nothing need be said."""
    return _OF_LINKS.get(state, "")
