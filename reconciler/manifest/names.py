"""The small languages within strings: names, plugin URIs, ends of links, what to ignore."""

import re
from collections.abc import Iterable

from reconciler.manifest.mistakes import Mistake, did_you_mean

SESSION_PATTERN = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
"""A session names a folder under the state directory."""
NAME_PATTERN = r"^[^\s:/.*?\[\]>\x00-\x1f\x7f](?:[^:/.*?\[\]>\x00-\x1f\x7f]*[^\s:/.*?\[\]>\x00-\x1f\x7f])?$"
"""A plugin's name, for the schema; :func:`plugin_name` says more and says why."""
SERVER_PATTERN = "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"
PLUGIN_PATTERN = "^(lv2|ladspa|dssi|vst2|vst3|clap|sf2|sfz|internal|jack):.+$"
LINK_PATTERN = "^.+->.+$"
IGNORE_PATTERN = r"^(active|program|state|params\..+|mix\..+|midi\..+|options\..+|custom_data\..+)$"

IGNORABLE = ("active", "program", "state", "params.*", "mix.*", "midi.*", "options.*", "custom_data.*")

LONGEST_NAME = 63
"""Bytes: a JACK client name of jackd2, JACK_CLIENT_NAME_SIZE 64 with the final zero."""

SCHEMES = ("lv2", "ladspa", "dssi", "vst2", "vst3", "clap", "sf2", "sfz", "internal", "jack")

_FORBIDDEN = re.compile(r"[:/.*?\[\]>]")
_ARROW = re.compile(r"\s*->\s*")
_OTHER_ARROWS = re.compile(r"=>|→|-->|⟶|⇒|~>|\s>\s")


def session_name(name: str) -> str:
    """Check a session's name, which becomes a folder's.

    Raises
    ------
    Mistake
        ``bad-session-name``.
    """
    if re.fullmatch(SESSION_PATTERN, name) is None:
        raise Mistake(
            "bad-session-name",
            f'"{name}" cannot be a session name',
            "use up to 64 letters (a-z), digits, dots, dashes and underscores, beginning with a letter or digit",
        )
    return name


def plugin_name(name: str) -> str:
    """Check a plugin's name, which becomes a JACK client's; any script will do.

    ``:`` and ``/`` separate ports and Carla rewrites them to ``.``, ``.`` separates addresses, ``*?[]`` are globs and
    ``>`` is the arrow of links.

    Raises
    ------
    Mistake
        ``bad-name``.
    """
    if problem := _name_problem(name):
        raise Mistake("bad-name", f'"{name}" cannot be a plugin\'s name: {problem}', "it becomes a JACK client's name")
    if name == "system":
        raise Mistake(
            "bad-name", '"system" is the name of JACK\'s own ports', "call the plugin something else", at_key=True
        )
    return name


def prefix(text: str) -> str:
    """Check what stands before every JACK client's name; empty is fine.

    Raises
    ------
    Mistake
        ``bad-prefix``.
    """
    if text and (problem := _name_problem(text.rstrip(" ") or " ")):
        raise Mistake("bad-prefix", f'"{text}" cannot begin JACK client names: {problem}')
    return text


def _name_problem(name: str) -> str | None:
    if not name.strip():
        return "it is empty"
    if found := _FORBIDDEN.search(name):
        return f"{found[0]} is not allowed"
    if not name.isprintable():
        return "it has an invisible character"
    if name != name.strip():
        return "it begins or ends with a space"
    size = len(name.encode())
    return None if size <= LONGEST_NAME else f"{size} bytes are more than JACK's {LONGEST_NAME}"


def plugin_uri(uri: str) -> str:
    """Check ``scheme:rest``; whether it is installed is for the catalogue to say.

    Raises
    ------
    Mistake
        ``bad-plugin``.
    """
    scheme, colon, rest = uri.partition(":")
    if scheme in ("http", "https", "urn") and rest:
        raise Mistake("bad-plugin", f"{uri} does not say what kind of plugin it is", f'write "lv2:{uri}"')
    if not colon or scheme not in SCHEMES:
        kinds = ", ".join(f"{known}:" for known in SCHEMES)
        hint = did_you_mean(f"{scheme}:", [f"{known}:" for known in SCHEMES]) if colon else None
        raise Mistake("bad-plugin", f"{uri} does not begin with a kind of plugin", hint or f"begin it with {kinds}")
    if not rest.strip() or rest != rest.strip() or not rest.isprintable():
        raise Mistake("bad-plugin", f'"{uri}" names no plugin after {scheme}:', "`studio plugins list` lists all")
    if scheme == "jack" and (quote := next((sign for sign in "\"'" if sign in rest), None)):
        hint = "an argument with a blank in it cannot be given; put the command into a script of your own"
        raise Mistake("bad-plugin", f"{quote} in a command reaches the program as it is, as no shell reads it", hint)
    if scheme == "lv2" and ":" not in rest:
        raise Mistake("bad-plugin", f"{rest} is no LV2 URI", f"`studio plugins search {rest}` finds it")
    return uri


def end(text: str) -> str:
    """Check one end of a link or one node of a chain, ``node`` or ``node:port``; spaces around it go.

    Raises
    ------
    Mistake
        ``bad-port``.
    """
    text = text.strip()
    node, colon, port = text.partition(":")
    if not text or not text.isprintable():
        raise Mistake("bad-port", "a port is missing" if not text else f"{text!r} has an invisible character")
    if "->" in text:
        raise Mistake("bad-port", f'"{text}" has an arrow in it', "write {from: ..., to: ...}, one port each")
    if not node.strip():
        raise Mistake("bad-port", f'"{text}" has no name before the colon', "write `node:port`, or `node` alone")
    if colon and not port.strip():
        hint = f'write "{node}" for its main ports, or name the port'
        raise Mistake("bad-port", f'"{text}" has no port after the colon', hint)
    return text


def link(text: str) -> dict[str, str]:
    """Split ``SOURCE -> TARGET``.

    Raises
    ------
    Mistake
        ``bad-link``.
    """
    ends = _ARROW.split(text.strip())
    if len(ends) == 2 and all(ends):
        return {"from": ends[0], "to": ends[1]}
    if "<-" in text:
        hint = "write the source first: SOURCE -> TARGET"
    elif len(ends) > 2:
        hint = "write one link an entry, or a chain under `chains:`"
    elif other := _OTHER_ARROWS.search(text):
        hint = f'write -> for "{other[0].strip()}"'
    else:
        hint = "write `SOURCE -> TARGET`, each `node` or `node:port`"
    raise Mistake("bad-link", f'"{text}" is not a link', hint)


def ignored(entry: str) -> str:
    """Check ``active``, ``program`` or ``params.SYMBOL``, where ``*`` stands for any text.

    Raises
    ------
    Mistake
        ``bad-ignore``.
    """
    if re.fullmatch(IGNORE_PATTERN, entry) is None:
        close = did_you_mean(entry, IGNORABLE)
        raise Mistake(
            "bad-ignore",
            f'"{entry}" cannot be ignored',
            close or "write active, program, state, or params., mix., midi., options., custom_data. and a key",
        )
    return entry


def matches(entry: str, patterns: Iterable[str]) -> str | None:
    """Return the first pattern that ``entry`` matches; ``*`` stands for any text, nothing else is special."""
    for pattern in patterns:
        if re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), entry, re.DOTALL):
            return pattern
    return None
