"""Reads the documentation: blocks of commands with what they print, files to write, links."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(\w*)\s*$")
_NOT_RUN = re.compile(r"^<!-- not run: (.+) -->$")
_FILE = re.compile(r"^<!-- file: (\S+) -->$")
_EXIT = re.compile(r"\s+# exit code (\d+)$")
_NEEDS_CARLA = "<!-- needs: Carla -->"
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")


@dataclass(frozen=True)
class Command:
    """One ``$ `` line, the exit code it must end with, and the lines that must be among what it prints."""

    text: str
    line: int
    code: int = 0
    prints: tuple[str, ...] = ()


@dataclass(frozen=True)
class File:
    """A file that the page tells the reader to write."""

    name: str
    text: str


@dataclass
class Page:
    """One Markdown file, in order."""

    path: Path
    steps: list[Command | File] = field(default_factory=list)
    unexplained: list[int] = field(default_factory=list)
    """Lines of console blocks without any command."""
    needs_carla: bool = False
    """Its commands mean something only where Carla is installed."""

    @property
    def name(self) -> str:
        """The path within the repository."""
        return str(self.path.relative_to(ROOT))


def markdown() -> list[Path]:
    """Return every page that people read."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def read(path: Path) -> Page:
    """Take a page apart."""
    whole = path.read_text(encoding="utf-8").splitlines()
    page = Page(path, needs_carla=_NEEDS_CARLA in whole)
    before = ""
    lines = iter(enumerate(whole, start=1))
    for number, line in lines:
        fence = _FENCE.match(line)
        if fence:
            body = list(_body(lines))
            if fence[1] == "console" and not _NOT_RUN.match(before):
                commands = list(_commands(body))
                page.steps += commands
                page.unexplained += [] if commands else [number]
            elif named := _FILE.match(before):
                page.steps.append(File(named[1], "\n".join(text for _, text in body) + "\n"))
        if line.strip():
            before = line.strip()
    return page


def _body(lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    for number, line in lines:
        if line.startswith("```"):
            return
        yield number, line


def _commands(body: list[tuple[int, str]]) -> Iterator[Command]:
    current: tuple[int, str] | None = None
    prints: list[str] = []
    for number, line in [*body, (0, "$ ")]:
        if not line.startswith("$ "):
            prints.append(line)
            continue
        if current is not None:
            code = _EXIT.search(current[1])
            said = tuple(text for text in prints if text.strip() not in {"", "…"})
            yield Command(_EXIT.sub("", current[1]), current[0], int(code[1]) if code else 0, said)
        current, prints = (number, line[2:]), []


def links(path: Path) -> list[str]:
    """Return the targets of a page's links into the repository."""
    found = _LINK.findall(path.read_text(encoding="utf-8"))
    return [target for target in found if "://" not in target and not target.startswith("mailto:")]


def shows(printed: str, expected: tuple[str, ...]) -> str | None:
    """Return the first expected line that is not among the printed ones in order, None if all are.

    ``…`` stands for anything; runs of spaces count as one.
    """
    have = iter([" ".join(line.split()) for line in printed.splitlines()])
    for line in expected:
        wanted = ".*".join(re.escape(part) for part in " ".join(line.split()).split("…"))
        if not any(re.fullmatch(wanted, text) for text in have):
            return line
    return None
