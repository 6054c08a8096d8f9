"""Whether an SFZ instrument would play at all: Carla loads any text as one, without its sounds too, and stays silent.

Read as Carla's own reader does it (SFZero): a tag or ``opcode=value`` after another, ``sample`` and ``default_path`` up
to the next opcode, tag or end of the line; no ``#include``, no ``#define``, no generators such as ``*sine``.
"""

import re
from pathlib import Path

_COMMENT = re.compile(r"/\*.*?\*/|//[^\r\n]*", re.DOTALL)
_WORD = re.compile(
    r"""<(?P<tag>\w+)>
    | (?<![^\s>]) (?P<opcode>sample|default_path) = (?P<path>[^\r\n<]*?) (?=\s+\w+= | \s*[\r\n<] | \s*\Z)""",
    re.VERBOSE,
)
_NO_REGION = "it has no <region>, so there is nothing to play"


def flaw(file: Path) -> str | None:
    """Return why an instrument would play nothing, or None if at least one of its sounds is there.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    text = _COMMENT.sub("", file.read_text(encoding="utf-8", errors="surrogateescape"))
    folder = file.parent
    regions = 0
    named: list[str] = []
    for found in _WORD.finditer(text):
        path = (found["path"] or "").strip().replace("\\", "/")
        match found["tag"], found["opcode"]:
            case "region", _:
                regions += 1
            case _, "default_path":
                folder = file.parent / path
            case _, "sample" if path:
                if "\0" not in path and (folder / path).is_file():
                    return None if regions or "<region>" in text else _NO_REGION
                named.append(path)
    if not regions:
        return _NO_REGION
    if not named:
        return "it names no sound file"
    shown = named[0].encode(errors="replace").decode()
    return f"none of the sound files that it names is there, {shown} to begin with"
