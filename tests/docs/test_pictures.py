"""The pictures of the pages are what the program draws today.

Compared by what they show, not by coordinates: those follow the version of Graphviz and the fonts of a machine.
"""

import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from reconciler.pictures.graph import MARK
from tests.docs.pages import ROOT
from tests.docs.studio import Scratch

FOLDER = ROOT / "docs/pictures"
PICTURES = sorted(FOLDER.glob("*.svg"))
SVG = "{http://www.w3.org/2000/svg}"
AGAIN = "studio graph sessions/{0}.yaml -o docs/pictures/{0}.svg"


def shown(text: str) -> list[tuple[str, str, str]]:
    """Return what is to be seen and read: each text, and each title with the colours below it."""
    root = ElementTree.fromstring(text)
    found = [("text", (element.text or "").replace("\xa0", " "), "") for element in root.iter(f"{SVG}text")]
    for group in root.iter(f"{SVG}g"):
        colours = sorted({str(element.get("stroke")) for element in group if element.get("stroke")})
        found.append((group.get("class") or "", group.findtext(f"{SVG}title") or "", " ".join(colours)))
    return sorted(
        [*found, ("desc", root.findtext(f"{SVG}desc") or "", ""), ("title", root.findtext(f"{SVG}title") or "", "")]
    )


def test_there_are_pictures() -> None:
    assert {path.stem for path in PICTURES} >= {"live-rig", "instrument", "podcast"}


@pytest.mark.jalv
@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_a_picture_is_what_the_program_draws(path: Path, scratch: Scratch) -> None:
    code, told = scratch.run(f"studio graph sessions/{path.name.replace('.svg', '.yaml')} -o {path.name}")
    assert code == 0, told
    drawn = (scratch.folder / path.name).read_text(encoding="utf-8")
    assert shown(drawn) == shown(path.read_text(encoding="utf-8")), f"draw it again: {AGAIN.format(path.stem)}"


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_a_picture_fetches_nothing(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"<!-- {MARK} -->\n")
    assert [word for word in ("href", "script", "url(", "@import", "<image") if word in text] == []
