"""What libyaml says when it cannot read a text, said so that a musician can mend it."""

import re

import yaml

from reconciler.model.errors import StudioError, Where

_NO_SPACE = re.compile(r"\s*[^\s#:'\"]+:[^\s/:]")
_QUOTE_IT = 'put the whole value in quotes: "..."'

# (what libyaml or PyYAML's own parser reports, what it means, what to do); the first that fits.
_MEANINGS: tuple[tuple[str, str, str], ...] = (
    (r"unexpected end of stream", "the quotes that open here are never closed", "close them"),
    (r"flow sequence", "the [ that opens here is not closed, or a comma is missing in it", "close it with ]"),
    (r"flow mapping", "the { that opens here is not closed, or a comma is missing in it", "close it with }"),
    (r"scanning an alias", "a value cannot begin with a bare * (that would name an anchor)", _QUOTE_IT),
    (r"scanning an anchor", "a value cannot begin with a bare & (that would set an anchor)", _QUOTE_IT),
    (r"unknown escape", r"\ has a meaning within double quotes", r"use single quotes, or write \\ for each"),
    (r"undefined tag|scanning a tag", "a value cannot begin with a bare ! (that would be a tag)", _QUOTE_IT),
    (r"simple key.*expected ':'", "this line has no colon", "write it as `key: value`, or `- value` in a list"),
    (r"quoted scalar|block mapping.*<scalar>", "text goes on after the closing quote", "use quotes of the other kind"),
    (
        r"block mapping",
        "this line does not fit the lines above it",
        "begin it in the same column as its neighbours, and look for a quote that closes too early",
    ),
    (
        r"block collection",
        "this line does not fit the list above it",
        "begin it with `- `, or in the column of the key that the list belongs to",
    ),
    (r"block scalar", "nothing may follow the | or > but a line break", "begin the text on the next line"),
    (r"node content", "a value is missing here", "write one, or take the bracket or comma out"),
    (r"incompatible YAML|directive|document start", "% at the start of a line is for YAML itself", "take the line out"),
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
    for pattern, meaning, hint in _MEANINGS:
        if re.search(pattern, report):
            mark = error.context_mark
            if "opens here" in meaning and "open" in meaning and mark is not None:
                where = Where(file, mark.line + 1, mark.column + 1)
            return StudioError("yaml-syntax", meaning, where=where, hint=hint)
    return StudioError("yaml-syntax", f"this is not YAML: {error.problem}", where=where)


def _stray_colon(lines: list[str], number: int, column: int, where: Where) -> StudioError:
    before = lines[number][:column]
    if re.search(r":\s", before):
        return StudioError("yaml-syntax", "a second colon in one line", where=where, hint=_QUOTE_IT)
    above = number - 1
    while above >= 0 and (not lines[above].strip() or lines[above].lstrip().startswith("#")):
        above -= 1
    if above >= 0 and _NO_SPACE.match(lines[above]):
        place = Where(where.file, above + 1, lines[above].index(":") + 1)
        return StudioError("yaml-syntax", "no space after the colon", where=place, hint="write `key: value`")
    return StudioError(
        "yaml-syntax",
        "this line belongs to the value above it, by its indentation",
        where=where,
        hint="begin it in the column of its neighbours, or end the line above with a colon",
    )


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
