"""Which graph to draw: looks at the studio, and draws the manifest alone where there is none to look at."""

from pathlib import Path

from reconciler.engines import choose
from reconciler.execution.desk import Desk
from reconciler.execution.look import look
from reconciler.manifest.load import Source, find, load
from reconciler.model.catalogue import Catalogue, PluginType
from reconciler.model.errors import StudioError, Unavailable
from reconciler.model.options import FORCE_STEREO
from reconciler.model.stereo import widened
from reconciler.pictures import build
from reconciler.pictures.graph import Graph
from reconciler.session.compile import compile_session
from reconciler.session.engine import settings
from reconciler.session.session import Session

_NO_HOST = "The plugin host is not running, so nothing is known of how it stands; `studio apply` starts it."
_NO_JACK = "JACK is not running, so nothing is known of how it stands."


def standing(path: Path) -> Graph:
    """Return what a manifest declares and how it stands; the manifest alone, and why, where nothing runs."""
    try:
        desk = Desk.open(path)
    except Unavailable as error:
        if error.code != "host-not-installed":
            raise
        return _declared(path, f"{error.message}, so nothing is known of how it stands.")
    try:
        session = desk.session
        types = _types(session, _catalogue(desk.source, desk.engine))
        if session.plugins and not desk.host_runs:
            return build.declared(session, types, _NO_HOST)
        observed = desk.studio().observe()
        if observed.jack is None:
            return build.declared(session, types, _NO_JACK)
        return build.standing(session, types, observed, desk.plan(observed=observed))
    finally:
        desk.close()


def planned(path: Path) -> Graph:
    """Return the studio before and after the plan of now. Raises what planning raises."""
    desk = Desk.open(path)
    try:
        observed = desk.studio().observe()
        types = _types(desk.session, _catalogue(desk.source, desk.engine))
        return build.planned(desk.session, types, observed, desk.plan(observed=observed))
    finally:
        desk.close()


def live(manifest: Path | None, folder: Path) -> Graph:
    """Return the studio as it is, named as a session calls it where a manifest is in reach.

    Raises
    ------
    Unavailable
        ``jack-not-running``.
    """
    observed = look(manifest, folder)
    try:
        name = load(manifest or find(None, folder)).manifest.session
    except StudioError:
        if manifest is not None:
            raise
        name = "studio"
    return build.live(observed, name)


def _declared(path: Path, remark: str) -> Graph:
    source = load(path)
    catalogue = _catalogue(source, source.manifest.engine.host)
    session = compile_session(source, catalogue)
    return build.declared(session, _types(session, catalogue), remark)


def _catalogue(source: Source, engine: str) -> Catalogue:
    return choose.catalogue(engine, source.path.absolute().parent, settings(source).paths)


def _types(session: Session, catalogue: Catalogue) -> dict[str, PluginType]:
    found = {name: catalogue.describe(plugin.plugin) for name, plugin in session.plugins.items()}
    return {
        name: widened(kind) if session.plugins[name].options.get(FORCE_STEREO) else kind
        for name, kind in found.items()
        if kind is not None
    }
