"""The catalogue of everything Carla can load: LV2 as lilv knows it, all other formats as Carla itself finds them.

Two questions, two costs. What is installed is asked of Carla's discovery tool, a few milliseconds a file, and kept
until the file changes. What one plugin has inside is learnt by loading it, a fifth of a second, and kept likewise.
Whatever crashes or hangs at either is told as broken, and not tried again until its file changes.
"""

import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from reconciler.engines.carla import formats, library, places, sfz
from reconciler.engines.carla.describe import (
    HOST_LIBRARY,
    TIME_LIMIT_S,
    Loading,
    brief,
    is_sixteen,
    labels,
    load,
    loading_of,
    plugin_type,
)
from reconciler.engines.carla.discovery import SOUNDS_TIME_LIMIT_S, Discovered
from reconciler.engines.carla.formats import SOUNDS, TRAITS, Format, fingerprint, is_plugin_file, locate, search_path
from reconciler.engines.carla.index import TOOL, Entry, Files
from reconciler.engines.carla.lines import Instance
from reconciler.engines.carla.naming import SIXTEEN, Written, absolute, bad_plugin, compose, is_carlas, parse
from reconciler.engines.carla.packages import package_for
from reconciler.engines.carla.shelf import Shelf, default_folder
from reconciler.engines.lv2.catalogue import Broken, Lv2Catalogue
from reconciler.engines.lv2.search import Found, closest, ranked
from reconciler.model import applications
from reconciler.model.catalogue import PluginType
from reconciler.model.errors import StudioError, Unavailable, Where


class Kept(msgspec.Struct, frozen=True):
    """One plugin as it was loaded once, or why it could not be."""

    uri: str
    origin: str
    """Path, fingerprint of the file and state of Carla's library then."""
    plugin: PluginType | None
    flaw: str | None = None


class Place(msgspec.Struct, frozen=True):
    """One plugin that was found."""

    uri: str
    """Canonical."""
    entry: Entry
    found: Discovered

    @property
    def loading(self) -> Loading:
        """Return what Carla needs to load it."""
        return loading_of(self.entry.format, self.entry.path, self.found)


class CarlaCatalogue:
    """Implements :class:`reconciler.model.catalogue.Catalogue` for everything Carla loads.

    A plugin that was described stays as it was then until :meth:`refresh` is called, so that all answers agree.

    Parameters
    ----------
    base
        Folder that relative paths in URIs start from: that of the manifest. Without one they are refused.
    lv2
        The catalogue of LV2 plugins.
    carla
        Where Carla is; by default the one of this machine.
    cache_dir
        Where the cache lies; by default ``studio/catalogue-carla`` under XDG_CACHE_HOME.
    environ
        Environment in which search paths are looked up and plugins' code runs; by default the process's own.
    paths
        Folders to look into first, by scheme.
    time_limit_s
        How long a file may take in discovery, and a plugin to be loaded, in seconds; by default as long as is usual
        for its format.

    Raises
    ------
    Unavailable
        ``host-not-installed``: there is no Carla. ``carla-broken``: its discovery tool or a library is missing.
    """

    def __init__(
        self,
        *,
        base: Path | None = None,
        lv2: Lv2Catalogue | None = None,
        carla: library.Installation | None = None,
        cache_dir: Path | None = None,
        environ: Mapping[str, str] | None = None,
        paths: Mapping[str, Sequence[str]] | None = None,
        time_limit_s: float | None = None,
    ) -> None:
        self._given = dict(os.environ if environ is None else environ)
        self._environ = places.with_folders(self._given, paths or {})
        self._carla = carla or library.need()
        tool = self._carla.binaries / TOOL
        for needed in (tool, self._carla.binaries / HOST_LIBRARY):
            if not needed.is_file():
                raise Unavailable(
                    "carla-broken",
                    f"Carla is installed without {needed.name}, so its plugins cannot be looked up.",
                    hint=f"Install all of Carla; {needed} is missing.",
                )
        self._lv2 = lv2 or Lv2Catalogue(environ=self._environ)
        self._base = base
        self._home = self._environ.get("HOME") or str(Path.home())
        self._shelf = Shelf(cache_dir or default_folder(self._environ))
        self._tool = tool
        self._files = Files(tool, self._shelf, self._environ, time_limit_s)
        self._time_limit_s = time_limit_s
        self._described: dict[str, PluginType] = {}

    def look_in(self, paths: Mapping[str, Sequence[str]]) -> None:
        """Look into these folders from now on; for LV2 plugins into those of before."""
        self._environ = places.with_folders(self._given, paths)
        self._files = Files(self._tool, self._shelf, self._environ, self._time_limit_s)
        self._described.clear()

    @property
    def cache_error(self) -> str | None:
        """Why the cache could not be written the last time, if so."""
        return self._shelf.error or self._lv2.cache_error

    @property
    def formats(self) -> frozenset[str]:
        """``lv2``, ``jack`` and every :class:`~reconciler.engines.carla.formats.Format`."""
        return frozenset({"lv2", applications.SCHEME, *map(str, Format)})

    def describe(self, uri: str) -> PluginType | None:
        """Return the plugin that a manifest means by this, or None if it is not installed; its ``uri`` is canonical.

        Raises
        ------
        StudioError
            ``bad-plugin``: it cannot mean a plugin. ``plugin-ambiguous``: it means several. ``plugin-broken``: it is
            installed, and crashes, hangs or does not load.
        """
        if uri.startswith(f"{applications.SCHEME}:"):
            return formats.installed_program(uri, self._environ)
        if not is_carlas(uri):
            return self._lv2.describe(uri)
        if uri not in self._described:
            place = self._find(uri)
            if place is None:
                return None
            self._described[uri] = self._inside(place)
        return self._described[uri]

    def canonical(self, uri: str) -> str | None:
        """Return the one form of what a manifest wrote, without loading it; None if it is not installed.

        Raises as :meth:`describe` does, but knows of a break only what discovery does.
        """
        if not is_carlas(uri):
            return uri
        place = self._find(uri)
        return None if place is None else place.uri

    def loading(self, uri: str) -> Loading | None:
        """Return what Carla needs to load a plugin that is not LV2; None if it is not installed. Raises so too."""
        place = self._find(uri)
        return None if place is None else place.loading

    def uri_of(self, number: int, file: str, label: str, unique_id: int) -> str | None:
        """Return the canonical URI of a plugin that runs in Carla, of what ``carla_get_plugin_info`` says of it.

        None if Carla's answer does not lead to a file that is installed.
        """
        format_ = next((each for each in Format if TRAITS[each].number == number), None)
        if format_ is None:
            return None
        if format_ is Format.INTERNAL:
            return f"internal:{label}"
        path = Path(file)
        if not path.is_absolute() or not is_plugin_file(format_, path):
            return None
        if format_ is Format.SF2:
            return compose(format_, self._short(format_, path), SIXTEEN if label.endswith(" (16 outs)") else None)
        if format_ is Format.SFZ:
            return compose(format_, self._short(format_, path), None)
        for place in self._places(self._files.entry(format_, path)):
            same = place.found.unique_id == unique_id if format_ is Format.VST2 else place.found.label == label
            if same:
                return place.uri
        return None

    def uris(self) -> list[str]:
        """Return every installed plugin's URI, sorted."""
        own = (place.uri for entry in self._files.all() for place in self._places(entry))
        return sorted({*self._lv2.uris(), *own})

    def package(self, uri: str) -> str | None:
        """Return the Debian package that is known to hold a plugin, else None."""
        return package_for(uri) if is_carlas(uri) else self._lv2.package(uri)

    def installed(self) -> list[Found]:
        """Return every installed plugin in short, by name."""
        found = {each.uri: each for each in self._lv2.installed()}
        for entry in self._files.all():
            for place in self._places(entry):
                short = brief(place.uri, entry.path, place.found)
                found.setdefault(
                    place.uri, Found(short.uri, short.name, short.author, short.category, entry.path or "")
                )
        return sorted(found.values(), key=lambda each: (each.name.casefold(), each.uri))

    def search(self, words: Sequence[str]) -> list[PluginType]:
        """Return the plugins in whose name, URI, author or category every word occurs, best match first.

        Those that are not LV2 come in short, without parameters: a search must not load fifty plugins.
        """
        short = {
            place.uri: brief(place.uri, entry.path, place.found)
            for entry in self._files.all()
            for place in self._places(entry)
        }
        described = (
            short[found.uri] if found.uri in short else self._lv2.describe(found.uri)
            for found in ranked(self.installed(), words)
        )
        return [plugin for plugin in described if plugin is not None]

    def broken(self) -> list[Broken]:
        """Return what is installed but cannot be used, and why, as far as it was tried."""
        own: list[Broken] = []
        for entry in self._files.all():
            if entry.reading.flaw is not None:
                own.append(Broken(entry.path or TOOL, None, entry.reading.flaw))
            for place in self._places(entry):
                kept = self._kept(place)
                if kept is not None and kept.flaw is not None:
                    own.append(Broken(entry.path or TOOL, place.uri, kept.flaw))
        return self._lv2.broken() + own

    def not_installed(self, uri: str, where: Where | None = None) -> StudioError:
        """Return the error for a plugin that :meth:`describe` does not know: near misses and its package.

        Parameters
        ----------
        uri
            What was asked for, with its scheme.
        where
            The place that asked.
        """
        if uri.startswith("lv2:"):
            return self._lv2.not_installed(uri, where)
        near, package = self.closest(uri), self.package(uri)
        hints = [f"Did you mean {' or '.join(near)}?"] if near else []
        if package is not None and not near:
            hints.append(f"Debian and Ubuntu have it in {package}: apt install {package}")
        if not hints and is_carlas(uri):
            folders = search_path(Format(uri.partition(":")[0]), self._environ)
            hints += [f"Looked in {', '.join(map(str, folders))}."] if folders else []
        return StudioError(
            "plugin-not-installed",
            f"{uri} is not installed.",
            where=where,
            hint=" ".join(hints) or "See what is: studio plugins list",
            details={"near": near, "package": package},
        )

    def closest(self, uri: str, count: int = 3) -> list[str]:
        """Return the URIs of installed plugins whose URI or name is most like that, at most ``count``."""
        return closest(self.installed(), uri, count)

    def refresh(self, *, everything: bool = False) -> None:
        """Look again: at the files that have changed, or at every one (and load everything again when asked for)."""
        self._lv2.refresh(everything=everything)
        self._described.clear()
        if everything:
            with self._shelf.locked():
                self._shelf.clear()
        self._files.refresh(forget=everything)

    def _find(self, uri: str) -> Place | None:
        written = parse(uri)
        if written.name is not None:
            return self._named(uri, written.format, written.name)
        assert written.file is not None
        path = absolute(written, uri, self._base, self._home)
        if path is None:
            path = locate(written.format, written.file, self._environ)
        elif written.format not in SOUNDS and not self._is_kept(written.format, path):
            # Looking at a plugin runs its code, and a stranger's manifest may at worst be refused.
            variable = TRAITS[written.format].variable
            hint = f"move it into such a folder, or name its own folder in {variable}"
            raise bad_plugin(uri, f"it lies outside the folders where {written.format} plugins are kept", hint)
        if path is None:
            return None
        if not is_plugin_file(written.format, path):
            if path.exists() and not path.is_dir():
                raise bad_plugin(uri, "that is no ordinary file")
            return None
        entry = self._files.entry(written.format, path)
        if entry.reading.flaw is not None:
            raise _broken(uri, entry.reading.flaw)
        return _chosen(uri, written, list(self._places(entry)))

    def _is_kept(self, format_: Format, path: Path) -> bool:
        """Whether a file really lies, links followed, below a folder of the format's search path."""
        real = path.resolve()
        return any(real.is_relative_to(folder.resolve()) for folder in search_path(format_, self._environ))

    def _named(self, uri: str, format_: Format, name: str) -> Place | None:
        """Find a plugin by its label, else by its name in any case."""
        places = [place for entry in self._files.of_format(format_) for place in self._places(entry)]
        return _by_label(uri, places, name)

    def _places(self, entry: Entry) -> Iterator[Place]:
        """Give the plugins of an entry under their canonical URIs; two of one URI count once."""
        file = None if entry.path is None else self._short(entry.format, Path(entry.path))
        found: dict[str, Place] = {}
        for plugin in entry.reading.plugins:
            label = labels(entry.format, plugin, len(entry.reading.plugins) == 1)
            place = Place(compose(entry.format, file, label), entry, plugin)
            found.setdefault(place.uri, place)
        yield from found.values()

    def _short(self, format_: Format, path: Path) -> str:
        """Return the bare name where the search path leads from it to that very file, else the whole path."""
        return path.name if locate(format_, path.name, self._environ) == path else str(path)

    def _inside(self, place: Place) -> PluginType:
        if place.entry.format is Format.SFZ and place.entry.path is not None:
            # Never kept: its sounds may come and go while it stays the same.
            silent = sfz.flaw(Path(place.entry.path))
            if silent is not None:
                raise _broken(place.uri, silent)
        kept = self._kept(place)
        if kept is None:
            limit = SOUNDS_TIME_LIMIT_S if place.entry.format in (Format.SF2, Format.SFZ) else TIME_LIMIT_S
            loaded = load(self._carla, place.loading, self._environ, self._time_limit_s or limit)
            if isinstance(loaded, Instance):
                kept = Kept(place.uri, self._origin(place), plugin_type(place.uri, place.loading, place.found, loaded))
            else:
                kept = Kept(place.uri, self._origin(place), None, loaded.reason)
            with self._shelf.locked():
                self._shelf.write(_shelf_name(place), kept)
        if kept.plugin is None:
            raise _broken(place.uri, kept.flaw or "")
        return kept.plugin

    def _kept(self, place: Place) -> Kept | None:
        kept = self._shelf.read(_shelf_name(place), Kept)
        return kept if kept is not None and (kept.uri, kept.origin) == (place.uri, self._origin(place)) else None

    def _origin(self, place: Place) -> str:
        return f"{place.entry.path} {place.entry.fingerprint} {fingerprint(self._carla.binaries / HOST_LIBRARY)}"


def _chosen(uri: str, written: Written, places: list[Place]) -> Place | None:
    """Return the plugin of a file that a label means."""
    if written.format is Format.SF2:
        sixteen = written.label is not None
        return next((place for place in places if is_sixteen(place.found) == sixteen), None)
    if written.label is not None:
        return _by_label(uri, places, written.label)
    if len(places) > 1:
        raise _ambiguous(uri, places)
    return places[0] if places else None


def _by_label(uri: str, places: list[Place], wanted: str) -> Place | None:
    exact = [place for place in places if wanted in (place.found.label, str(place.found.unique_id))]
    named = exact or [place for place in places if place.found.name.casefold() == wanted.casefold()]
    if len(named) > 1:
        raise _ambiguous(uri, named)
    return named[0] if named else None


def _ambiguous(uri: str, places: list[Place]) -> StudioError:
    uris = [place.uri for place in places]
    shown = " or ".join(uris[:5]) + (f" (and {len(uris) - 5} more)" if len(uris) > 5 else "")
    return StudioError(
        "plugin-ambiguous", f"{uri} means {len(uris)} plugins.", hint=f"Write {shown}", details={"uris": uris}
    )


def _broken(uri: str, reason: str) -> StudioError:
    return StudioError(
        "plugin-broken",
        f"{uri} is installed, but cannot be used: {reason}.",
        hint="It is tried again when its file changes, or with `studio plugins list --rescan`.",
    )


def _shelf_name(place: Place) -> str:
    text = f"{place.uri}\0{place.entry.path}"
    return f"{place.entry.format}-{zlib.crc32(text.encode(errors='surrogateescape')):08x}"
