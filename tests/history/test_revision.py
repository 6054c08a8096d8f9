"""Which commit a manifest was at when it was applied."""

import os
import subprocess
from pathlib import Path

import pytest

from reconciler.history.record import revision


@pytest.fixture
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file in an empty repository, away from anybody's settings."""
    for variable, value in (
        ("GIT_CONFIG_GLOBAL", os.devnull),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_CEILING_DIRECTORIES", str(tmp_path.parent)),
        *((f"GIT_{who}_{what}", "test@example.org") for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")),
    ):
        monkeypatch.setenv(variable, value)
    path = tmp_path / "studio.yaml"
    path.write_text("version: 1\n", encoding="utf-8")
    return path


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, encoding="utf-8")
    return done.stdout.strip()


def test_there_is_none_without_a_repository(manifest: Path) -> None:
    assert revision(manifest) is None


def test_there_is_none_before_the_first_commit(manifest: Path) -> None:
    git(manifest.parent, "init", "--quiet")
    assert revision(manifest) is None


def test_it_is_the_commit_and_says_when_something_was_changed_since(manifest: Path) -> None:
    git(manifest.parent, "init", "--quiet")
    git(manifest.parent, "add", "studio.yaml")
    git(manifest.parent, "commit", "--quiet", "--message", "one")
    git(manifest.parent, "tag", "--annotate", "--message", "tagged", "v1")
    head = git(manifest.parent, "rev-parse", "HEAD")
    assert revision(manifest) == head, "the commit, not the tag's name"
    manifest.write_text("version: 1\nsession: s\n", encoding="utf-8")
    assert revision(manifest) == f"{head}-dirty"


def test_there_is_none_without_git(manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(manifest.parent))
    assert revision(manifest) is None


def test_a_folder_that_is_gone_has_none(manifest: Path) -> None:
    assert revision(manifest.parent / "gone" / "studio.yaml") is None
