"""The documentation is true: its commands run and print what it says, its links lead somewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.cli.main import COMMANDS
from tests.docs import codes, pages
from tests.docs.pages import ROOT, Command, File, Page
from tests.docs.studio import Scratch

PAGES = [pages.read(path) for path in pages.markdown()]
RUN = [
    pytest.param(page, marks=[pytest.mark.carla] if page.needs_carla else [], id=page.name)
    for page in PAGES
    if page.steps
]


@pytest.mark.jack
@pytest.mark.jalv
@pytest.mark.parametrize("page", RUN)
def test_every_command_of_a_page_does_what_the_page_says(page: Page, scratch: Scratch) -> None:
    for step in page.steps:
        if isinstance(step, File):
            (scratch.folder / step.name).write_text(step.text, encoding="utf-8")
        else:
            _try(step, page, scratch)


def _try(command: Command, page: Page, scratch: Scratch) -> None:
    code, printed = scratch.run(command.text)
    where = f"{page.name}:{command.line}: $ {command.text}\n{printed}"
    assert code == command.code, f"exit code {code}, the page says {command.code}\n{where}"
    lost = pages.shows(printed, command.prints)
    assert lost is None, f"it does not print: {lost}\n{where}"


def test_there_are_commands_to_run() -> None:
    assert {"README.md", "docs/quickstart.md"} <= {page.name for page in PAGES if page.steps}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_console_block_shows_a_command(page: Page) -> None:
    assert page.unexplained == [], f"{page.name}: console blocks without a `$ ` line, at these lines"


@pytest.mark.parametrize("path", pages.markdown(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    broken = [target for target in pages.links(path) if not (path.parent / target).exists()]
    assert broken == []


def test_every_command_is_explained_somewhere() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in pages.markdown())
    assert [name for name in COMMANDS if f"studio {name}" not in text] == []


def test_every_decision_is_listed() -> None:
    index = (ROOT / "docs/decisions/README.md").read_text(encoding="utf-8")
    files = sorted(path.name for path in (ROOT / "docs/decisions").glob("[0-9]*.md"))
    assert files
    assert [name for name in files if name not in index] == []


def test_make_targets_that_the_pages_name_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    text = "\n".join(path.read_text(encoding="utf-8") for path in pages.markdown())
    words = set(re.findall(r"(?:`|^\$ )make (\w+)", text, re.MULTILINE))
    assert words
    assert [word for word in sorted(words) if f"\n{word}:" not in makefile] == []


# -- the reader of pages itself ---------------------------------------------------------------------------------------


def test_a_page_is_taken_apart_in_order(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text(
        "text\n\n<!-- file: a.yaml -->\n```yaml\nversion: 1\n```\n\n"
        "```console\n$ one   # exit code 2\nout …\n\n$ two\n```\n"
        "<!-- not run: needs root -->\n```console\n$ three\n```\n",
        encoding="utf-8",
    )
    page = pages.read(file)
    assert page.steps == [
        File("a.yaml", "version: 1\n"),
        Command("one", 9, 2, ("out …",)),
        Command("two", 12),
    ]


def test_what_is_printed_is_compared_line_by_line() -> None:
    printed = "a  b\nprocess 123 runs\nc\n"
    assert pages.shows(printed, ("a b", "process … runs")) is None
    assert pages.shows(printed, ("c", "a b")) == "a b", "in order"
    assert pages.shows(printed, ("process",)) == "process", "whole lines"


def test_help_of_every_command_opens_quickly_and_alone() -> None:
    for name in COMMANDS:
        done = subprocess.run(
            [sys.executable, "-m", "reconciler", name, "--help"],
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
            env={**os.environ, "COLUMNS": "100"},
        )
        assert done.stdout.startswith(f"Usage: studio {name}"), name


# -- errors -----------------------------------------------------------------------------------------------------------


def test_every_error_code_is_explained() -> None:
    told, unclear = codes.told()
    assert unclear == [], "places whose code cannot be read off the source"
    assert len(told) > 100
    rows = re.findall(r"^\| (`.+?) \|", (ROOT / "docs/reference/errors.md").read_text(encoding="utf-8"), re.MULTILINE)
    explained = [code for row in rows for code in re.findall(r"`([a-z0-9-]+)`", row)]
    assert sorted(explained) == sorted(told), "each code that the program tells, once, and no other"


def test_codes_are_found_in_source(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "module.py").write_text(
        '_OURS = "third"\n'
        "def _fail(code: str, why: str) -> None:\n    raise StudioError(code, why)\n"
        '_fail("first", "why")\nraise Refused("second-one" if x else "other", "why")\n'
        'Mistake(_OURS, "why")\nStudioError(error.code, "why")\nStudioError("a" + word, "why")\n',
        encoding="utf-8",
    )
    told, unclear = codes.told(package)
    assert sorted(told) == ["first", "other", "second-one", "third"]
    assert unclear == ["package/module.py:8"]
