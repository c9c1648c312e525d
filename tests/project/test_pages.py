"""What the pages promise: files that they link to and commands that they name."""

import re
from pathlib import Path

import pytest

from tests.project.tree import ROOT, name_of, text_files

PAGES = [path for path in text_files() if path.suffix == ".md"]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_links(path: Path) -> None:
    """Every file that a page links to exists."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_make_targets(path: Path) -> None:
    """Every `make` command that a page names is one that the Makefile has."""
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", path.read_text(encoding="utf-8"), re.MULTILINE))
    assert named - TARGETS == set()


def test_make_lists_its_targets() -> None:
    """`make` alone lists every target but itself, and each target is known to make as no file."""
    assert set(re.findall(r'@echo "make ([a-z]+) ', MAKEFILE)) == TARGETS - {"help"}
    assert set(re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)[0].split()) == TARGETS


def test_recipes_are_quiet() -> None:
    """No recipe is echoed, so that `make bench` prints nothing but its figures."""
    recipes = re.findall(r"(?<!\\\n)^\t(.*)$", MAKEFILE, re.MULTILINE)
    assert [recipe for recipe in recipes if not recipe.startswith(("@", "-"))] == []


def test_rooms_are_described() -> None:
    """Every room that exists has its row in the table of the house."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = {path.stem for path in (ROOT / "src" / "umbane").iterdir() if not path.name.startswith(("_", "py.typed"))}
    assert {room for room in rooms if f"| `umbane.{room}` |" not in page} == set()
