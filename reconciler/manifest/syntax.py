"""What libyaml says when it cannot read a text, said so that a musician can mend it."""

import re
from typing import NamedTuple

import yaml

from reconciler.model.errors import StudioError, Where

_NO_SPACE = re.compile(r"\s*[^\s#:'\"]+:[^\s/:]")
_QUOTES = frozenset("'\"")
_QUOTE_IT = 'put the whole value in quotes: "..."'


class _Meaning(NamedTuple):
    report: str
    """What libyaml or PyYAML's own parser says, as a pattern."""
    message: str
    hint: str
    from_start: bool = False
    """The place to show is where the faulty thing begins, not where the parser gave up."""


_MEANINGS = (
    _Meaning("unexpected end of stream", "the quotes that open here are never closed", "close them", from_start=True),
    _Meaning(
        "flow sequence", "the [ that opens here is not closed, or lacks a comma", "close it with ]", from_start=True
    ),
    _Meaning(
        "flow mapping", "the { that opens here is not closed, or lacks a comma", "close it with }", from_start=True
    ),
    _Meaning(
        "scanning an alias", "a value cannot begin with a bare * (it would name an anchor)", _QUOTE_IT, from_start=True
    ),
    _Meaning(
        "scanning an anchor", "a value cannot begin with a bare & (it would set an anchor)", _QUOTE_IT, from_start=True
    ),
    _Meaning("unknown escape", r"\ has a meaning within double quotes", r"use single quotes, or write \\ for each"),
    _Meaning("undefined tag|scanning a tag", "a value cannot begin with a bare ! (it would be a tag)", _QUOTE_IT),
    _Meaning(
        "simple key", "this line has no colon", "write it as `key: value`, or `- value` in a list", from_start=True
    ),
    _Meaning(
        "block mapping",
        "this line does not fit the lines above it",
        "begin it in the same column as its neighbours, and look for a quote that closes too early",
    ),
    _Meaning(
        "block collection",
        "this line does not fit the list above it",
        "begin it with `- `, or in the column of the key that the list belongs to",
    ),
    _Meaning("block scalar", "nothing may follow the | or > but a line break", "begin the text on the next line"),
    _Meaning("node content", "a value is missing here", "write one, or take the bracket or comma out"),
    _Meaning(
        "incompatible YAML|directive|document start", "% at the start of a line is for YAML itself", "take the line out"
    ),
)


def readable(error: yaml.YAMLError, text: str, file: str) -> StudioError:
    """Return the error as ours, with its place, a plain sentence and what to do.

    Parameters
    ----------
    error
        What the YAML parser raised.
    text
        The whole document.
    file
        What to call it.
    """
    if isinstance(error, yaml.reader.ReaderError):
        return _unreadable(error, text, file)
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return StudioError("yaml-syntax", f"this is not YAML: {error}", where=Where(file))
    lines = text.splitlines()
    number, column = error.problem_mark.line, error.problem_mark.column
    line = lines[number] if number < len(lines) else ""
    where = Where(file, number + 1, column + 1)
    report = f"{error.context or ''} {error.problem}"
    margin = line[: len(line) - len(line.lstrip())]
    if "\t" in margin:
        where = Where(file, number + 1, margin.index("\t") + 1)
        return StudioError(
            "yaml-tab", "a tab at the start of the line", where=where, hint="indent with spaces; YAML takes no tabs"
        )
    if "cannot start any token" in report:
        sign = line[column : column + 1]
        return StudioError("yaml-syntax", f"a value cannot begin with {sign}", where=where, hint=_QUOTE_IT)
    if "mapping values are not allowed" in report:
        return _stray_colon(lines, number, column, where)
    if line.strip().startswith(":"):
        return StudioError("yaml-syntax", "a key is missing before the colon", where=where, hint="write `key: value`")
    if column and line[column - 1] in _QUOTES and "block mapping" in report:
        hint = "use quotes of the other kind around it, or double the one within"
        return StudioError("yaml-syntax", "text goes on after the closing quote", where=where, hint=hint)
    if not "".join(lines[number:]).strip() and "flow" in report:
        return StudioError("yaml-syntax", "the file ends within [ or {", where=where, hint="close it with ] or }")
    start = error.context_mark
    if "simple key" in report and start and _NO_SPACE.match(lines[start.line]):
        return _no_space(lines, start.line, file)
    for meaning in _MEANINGS:
        if re.search(meaning.report, report):
            if meaning.from_start and start:
                where = Where(file, start.line + 1, start.column + 1)
            return StudioError("yaml-syntax", meaning.message, where=where, hint=meaning.hint)
    return StudioError("yaml-syntax", f"this is not YAML: {error.problem}", where=where)


def _stray_colon(lines: list[str], number: int, column: int, where: Where) -> StudioError:
    before = lines[number][:column]
    if re.search(r":\s", before):
        return StudioError("yaml-syntax", "a second colon in one line", where=where, hint=_QUOTE_IT)
    above = number - 1
    while above >= 0 and (not lines[above].strip() or lines[above].lstrip().startswith("#")):
        above -= 1
    if above >= 0 and _NO_SPACE.match(lines[above]):
        return _no_space(lines, above, where.file)
    return StudioError(
        "yaml-syntax",
        "this line belongs to the value above it, by its indentation",
        where=where,
        hint="begin it in the column of its neighbours, or end the line above with a colon",
    )


def _no_space(lines: list[str], number: int, file: str | None) -> StudioError:
    where = Where(file, number + 1, lines[number].index(":") + 1)
    return StudioError("yaml-syntax", "no space after the colon", where=where, hint="write `key: value`")


def _unreadable(error: yaml.reader.ReaderError, text: str, file: str) -> StudioError:
    # libyaml counts bytes of UTF-8, PyYAML's own reader counts characters: find the character itself.
    character = chr(error.character) if isinstance(error.character, int) else str(error.character)
    index = max(text.find(character), 0)
    line, column = text.count("\n", 0, index) + 1, index - (text.rfind("\n", 0, index) + 1) + 1
    return StudioError(
        "not-text",
        f"a character that is not text (U+{ord(character[:1] or chr(0)):04X})",
        where=Where(file, line, column),
        hint="delete it; if the file is no text at all, it is the wrong file",
    )
