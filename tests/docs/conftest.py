"""The scratch studio in which a page's commands run."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.studio import Scratch


@pytest.fixture
def scratch() -> Iterator[Scratch]:
    """A studio of its own; whatever a page leaves running is a fault of the page."""
    # Not tmp_path: its name holds the page's, and a Unix socket's path may have 107 bytes only.
    home = Path(tempfile.mkdtemp(prefix="studio-docs-"))
    studio = Scratch(home)
    left: list[str] = []
    try:
        yield studio
    finally:
        left = studio.left_running()
        shutil.rmtree(home)
    assert left == [], "the page leaves nothing running"
