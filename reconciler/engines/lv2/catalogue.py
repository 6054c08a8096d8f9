"""The catalogue of installed LV2 plugins: looked up in milliseconds, read again bundle by bundle when they change."""

import fcntl
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from reconciler import __version__
from reconciler.engines.lv2.bundles import Bundle, find_bundles, search_path
from reconciler.engines.lv2.cache import (
    Builder,
    BundleEntry,
    Corrupt,
    FlawEntry,
    Index,
    PluginEntry,
    PresetsEntry,
    Store,
    load,
    save,
)
from reconciler.engines.lv2.packages import package_for
from reconciler.engines.lv2.search import Found, closest, ranked
from reconciler.model.catalogue import PluginType, PresetInfo
from reconciler.model.errors import StudioError, Where

_LIBRARY = "liblilv-0.so.0"
_TIME_LIMIT_S = 10.0

_PLUGIN = msgspec.json.Decoder(PluginType)
_PRESETS = msgspec.json.Decoder(tuple[PresetInfo, ...])


class Broken(msgspec.Struct, frozen=True):
    """Something installed that cannot be used: left out of the catalogue, and why."""

    bundle: str
    subject: str | None
    """The plugin (``lv2:…``) or preset; None: the whole bundle."""
    reason: str


class Lv2Catalogue:
    """Implements :class:`reconciler.model.catalogue.Catalogue` for what liblilv finds.

    It is read at the first question and stays as it was then, so that all answers agree with each other, until
    :meth:`refresh` is called or a plugin is asked for that was not there. Reading changed bundles happens in a
    process of its own and under a lock, so two commands do not do the same work twice.

    Parameters
    ----------
    cache_dir
        Where the cache lies; by default ``studio/catalogue`` under XDG_CACHE_HOME. If it cannot be written, the
        catalogue still works, only slowly: see :attr:`cache_error`.
    environ
        Environment in which LV2_PATH, HOME and XDG_CACHE_HOME are looked up; by default the process's own.
    library
        Name of the lilv library, as the dynamic linker knows it.
    time_limit_s
        How long reading one plugin may take before its bundle counts as hanging, in seconds.
    """

    def __init__(
        self,
        *,
        cache_dir: Path | None = None,
        environ: Mapping[str, str] | None = None,
        library: str = _LIBRARY,
        time_limit_s: float = _TIME_LIMIT_S,
    ) -> None:
        self._environ = dict(os.environ if environ is None else environ)
        self._folder = cache_dir or _default_cache_dir(self._environ)
        self._library = library
        self._time_limit_s = time_limit_s
        self._view: _View | None = None
        self.cache_error: str | None = None
        """Why the cache could not be written the last time, if so."""

    @property
    def formats(self) -> frozenset[str]:
        """``lv2`` alone."""
        return frozenset({"lv2"})

    def describe(self, uri: str) -> PluginType | None:
        """Return the plugin with that ``lv2:…`` URI, or None if it is not installed.

        Raises
        ------
        Unavailable
            ``lilv-missing``: liblilv is not installed.
        """
        if not uri.startswith("lv2:"):
            return None
        try:
            plugin = self._current().describe(uri)
            if plugin is None:
                # It may have been installed since: a host process lives for days. Costs 5 ms if it was not.
                self.refresh()
                plugin = self._current().describe(uri)
        except Corrupt:
            self.refresh(everything=True)
            plugin = self._current().describe(uri)
        return plugin

    def uris(self) -> list[str]:
        """Return every installed plugin's URI, sorted."""
        return sorted(self._current().plugins)

    def package(self, uri: str) -> str | None:
        """Return the Debian package that is known to hold a plugin, else None."""
        return package_for(uri)

    def installed(self) -> list[Found]:
        """Return every installed plugin in short, by name."""
        return sorted(self._current().found(), key=lambda found: (found.name.casefold(), found.uri))

    def search(self, words: Sequence[str]) -> list[PluginType]:
        """Return the plugins in whose name, URI, author or category every word occurs, best match first."""
        described = (self.describe(found.uri) for found in ranked(self.installed(), words))
        return [plugin for plugin in described if plugin is not None]

    def broken(self) -> list[Broken]:
        """Return what is installed but had to be left out, and why."""
        return [
            Broken(bundle=bundle.path, subject=flaw.subject, reason=flaw.reason)
            for bundle in self._current().store.index.bundles
            for flaw in bundle.flaws
        ]

    def not_installed(self, uri: str, where: Where | None = None) -> StudioError:
        """Return the error for a plugin that :meth:`describe` does not know: near misses, its package, or what ails it.

        Parameters
        ----------
        uri
            What was asked for, with its scheme.
        where
            The place that asked.
        """
        left_out = self.broken()
        reason = next((broken.reason for broken in left_out if broken.subject == uri), None)
        if reason is not None:
            return StudioError(
                "plugin-broken",
                f"{uri} is installed, but cannot be used: {reason}",
                where=where,
                hint="Install it again, or ask whoever made it.",
            )
        near = self.closest(uri)
        package = self.package(uri)
        bundles = [broken.bundle for broken in left_out if broken.subject is None]
        hints: list[str] = []
        if near:
            hints.append(f"Did you mean {' or '.join(near)}?")
        if package is not None:
            hints.append(f"Debian and Ubuntu have it in {package}: apt install {package}")
        if bundles:
            hints.append(f"It may be in a bundle that could not be read: {', '.join(bundles)}")
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
        """Look again: read the bundles that have changed, or every one.

        Raises
        ------
        Unavailable
            ``lilv-missing``: liblilv is not installed.
        EngineError
            ``scan-failed``: the scanner does not run at all.
        """
        held = self._view.store if self._view is not None and not everything else None
        if held is not None and self._is_current(held):
            return
        file = self._folder / f"lv2-{_digest(self._environ.get('LV2_PATH'))}.catalogue"
        store = None if everything else self._load(file)
        if store is None or not self._is_current(store):
            with self._locked(file):
                # Another process may have done it while we waited for the lock.
                store = None if everything else self._load(file) or held
                if store is None or not self._is_current(store):
                    store, data = self._scanned(store)
                    self._save(file, data)
        self._view = _View(store)

    def _current(self) -> "_View":
        if self._view is None:
            self.refresh()
        assert self._view is not None
        return self._view

    def _load(self, file: Path) -> Store | None:
        """Return the catalogue in the cache; None if there is none that can be used, and a scan has to make one."""
        try:
            return load(file)
        except OSError as error:
            self.cache_error = str(error)
            return None

    def _is_current(self, store: Store) -> bool:
        """Tell whether that lilv is still installed and would find these very bundles."""
        index = store.index
        try:
            state = _file_state(index.library)
        except FileNotFoundError:
            return False
        now = [(str(bundle.path), bundle.fingerprint) for bundle in self._bundles(index.default_path)]
        return state == index.library_state and now == [(entry.path, entry.fingerprint) for entry in index.bundles]

    def _bundles(self, default_path: str) -> list[Bundle]:
        return find_bundles(search_path(self._environ, default_path))

    def _scanned(self, old: Store | None) -> tuple[Store, bytes]:
        """Return the catalogue of now and the file it makes, taking over from the old one what has not changed."""
        from reconciler.engines.lv2.scanner import Scanner

        with Scanner(self._library, time_limit_s=self._time_limit_s) as scanner:
            hello = scanner.hello()
            bundles = self._bundles(hello.default_path)
            builder = Builder()
            entries: dict[str, BundleEntry] = {}
            known = {(entry.path, entry.fingerprint): entry for entry in old.index.bundles} if old else {}
            for bundle in bundles:
                entry = known.get((str(bundle.path), bundle.fingerprint))
                if entry is not None and old is not None:
                    try:
                        entries[entry.path] = builder.take(entry, old)
                    except Corrupt:
                        continue  # read it again with the others
            changed = {str(bundle.path): bundle for bundle in bundles if str(bundle.path) not in entries}
            for scan in scanner.scan([bundle.path for bundle in changed.values()]):
                path = str(scan.path)
                entries[path] = BundleEntry(
                    path=path,
                    fingerprint=changed[path].fingerprint,
                    plugins=tuple(
                        PluginEntry(
                            uri=line.uri,
                            name=line.name,
                            author=line.author,
                            category=line.category,
                            version=line.version,
                            body=builder.add(bytes(line.body)),
                        )
                        for line in scan.plugins
                    ),
                    presets=tuple(
                        PresetsEntry(plugin=line.plugin, body=builder.add(bytes(line.body))) for line in scan.presets
                    ),
                    flaws=tuple(FlawEntry(subject=flaw.subject, reason=flaw.reason) for flaw in scan.flaws),
                )
        index = Index(
            studio=__version__,
            library=hello.library,
            library_state=_file_state(hello.library),
            default_path=hello.default_path,
            bundles=tuple(entries[str(bundle.path)] for bundle in bundles),
        )
        return builder.finish(index)

    @contextmanager
    def _locked(self, file: Path) -> Iterator[None]:
        """Hold the lock of a cache file; without one if there is no folder to lock in."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = file.with_suffix(".lock").open("wb")
        except OSError as error:
            self.cache_error = str(error)
            yield
            return
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _save(self, file: Path, data: bytes) -> None:
        try:
            save(file, data)
        except OSError as error:
            self.cache_error = str(error)
        else:
            self.cache_error = None


class _View:
    """The index made ready for questions."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.plugins: dict[str, tuple[BundleEntry, PluginEntry]] = {}
        self._presets: dict[str, list[PresetsEntry]] = {}
        self._described: dict[str, PluginType] = {}
        for bundle in store.index.bundles:
            for plugin in bundle.plugins:
                other = self.plugins.get(plugin.uri)
                # As lilv does it: the newer version, and the first on the path where versions are the same.
                if other is None or plugin.version > other[1].version:
                    self.plugins[plugin.uri] = (bundle, plugin)
            for presets in bundle.presets:
                self._presets.setdefault(presets.plugin, []).append(presets)

    def describe(self, uri: str) -> PluginType | None:
        """Decode one plugin and its presets; those of one URI in several bundles count once."""
        if uri in self._described:
            return self._described[uri]
        if uri not in self.plugins:
            return None
        entry = self.plugins[uri][1]
        try:
            plugin = _PLUGIN.decode(self.store.piece(entry.body))
            presets: dict[str, PresetInfo] = {}
            for piece in self._presets.get(uri, ()):
                for preset in _PRESETS.decode(self.store.piece(piece.body)):
                    presets.setdefault(preset.uri, preset)
        except msgspec.DecodeError as error:
            raise Corrupt(str(error)) from error
        ordered = sorted(presets.values(), key=lambda preset: (preset.label.casefold(), preset.uri))
        self._described[uri] = msgspec.structs.replace(plugin, presets=tuple(ordered))
        return self._described[uri]

    def found(self) -> Iterator[Found]:
        """Iterate over all plugins in short."""
        for bundle, plugin in self.plugins.values():
            yield Found(
                uri=plugin.uri,
                name=plugin.name,
                author=plugin.author,
                category=plugin.category,
                bundle=bundle.path,
            )


def _file_state(file: str) -> tuple[int, int]:
    if not file:
        return 0, 0
    state = Path(file).stat()
    return state.st_mtime_ns, state.st_size


def _default_cache_dir(environ: Mapping[str, str]) -> Path:
    stated = environ.get("XDG_CACHE_HOME", "")
    # A relative path there is to be ignored (XDG base directory specification).
    base = Path(stated) if stated.startswith("/") else Path(environ.get("HOME") or Path.home()) / ".cache"
    return base / "studio" / "catalogue"


def _digest(text: str | None) -> str:
    return "default" if text is None else f"{zlib.crc32(text.encode(errors='surrogateescape')):08x}"
