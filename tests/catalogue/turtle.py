"""Writes LV2 bundles."""

from pathlib import Path

from reconciler.engines.lv2.catalogue import Lv2Catalogue

PREFIXES = """\
@prefix atom: <http://lv2plug.in/ns/ext/atom#> .
@prefix doap: <http://usefulinc.com/ns/doap#> .
@prefix ev: <http://lv2plug.in/ns/ext/event#> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix lv2: <http://lv2plug.in/ns/lv2core#> .
@prefix midi: <http://lv2plug.in/ns/ext/midi#> .
@prefix pg: <http://lv2plug.in/ns/ext/port-groups#> .
@prefix pprops: <http://lv2plug.in/ns/ext/port-props#> .
@prefix pset: <http://lv2plug.in/ns/ext/presets#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix units: <http://lv2plug.in/ns/extensions/units#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""

AUDIO = 'a lv2:InputPort, lv2:AudioPort ; lv2:symbol "in" ; lv2:name "In"'


def control(symbol: str, rest: str = "") -> str:
    """Return a control input."""
    return f'a lv2:InputPort, lv2:ControlPort ; lv2:symbol "{symbol}" ; lv2:name "The {symbol}" ; {rest}'


def plugin(uri: str, *ports: str, name: str = "Test", rest: str = "") -> str:
    """Return a plugin's data; ports get their index from their place."""
    numbered = ", ".join(f"[ {port} ; lv2:index {index} ]" for index, port in enumerate(ports))
    return f'{PREFIXES}<{uri}> a lv2:Plugin ; doap:name "{name}" ; {rest} lv2:port {numbered} .\n'


def bundle(folder: Path, uri: str, data: str, *, name: str = "test", more: str = "") -> Path:
    """Write a bundle of one plugin into a folder of bundles, and return the bundle."""
    made = folder / f"{name}.lv2"
    made.mkdir(parents=True, exist_ok=True)
    manifest = f"{PREFIXES}<{uri}> a lv2:Plugin ; lv2:binary <test.so> ; rdfs:seeAlso <data.ttl> .\n{more}"
    (made / "manifest.ttl").write_text(manifest, encoding="utf-8")
    (made / "data.ttl").write_text(data, encoding="utf-8")
    return made


def catalogue(folder: Path, *, time_limit_s: float = 20.0) -> Lv2Catalogue:
    """Return a catalogue of the bundles in a folder, with its cache beside them."""
    environ = {"LV2_PATH": str(folder), "XDG_CACHE_HOME": str(folder.parent / "cache"), "HOME": str(folder.parent)}
    return Lv2Catalogue(environ=environ, time_limit_s=time_limit_s)
