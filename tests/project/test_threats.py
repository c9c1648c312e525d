"""What the page on threats promises: each line points to tests that are there."""

import re
from functools import cache
from pathlib import Path

import pytest

from tests.project.tree import ROOT

PAGE = (ROOT / "docs" / "threats.md").read_text(encoding="utf-8")
TESTS = ROOT / "tests"
PROMISES = re.findall(r"^\| (?!promised)(.*?) \| ([^|]*`.*?) \|$", PAGE, re.MULTILINE)
POINTER = re.compile(r"`(?:([a-z0-9_/]+\.py)(?:::)?)?(test_[a-z0-9_]*\*?)?`")
DEFINED = re.compile(r"^ *(?:async )?def (test_\w+)\(", re.MULTILINE)


@cache
def names_in(file: Path) -> frozenset[str]:
    """The tests of a file, or of a class in it."""
    return frozenset(DEFINED.findall(file.read_text(encoding="utf-8")))


def files_named(name: str) -> list[Path]:
    """The files of this name, wherever they are; by its path from `tests`, if it has folders."""
    return [TESTS / name] if "/" in name else list(TESTS.rglob(name))


def lost(pointers: str) -> list[str]:
    """The pointers that lead nowhere. One without a file is into that of the one before."""
    found, files = [], list[Path]()
    for file, test in POINTER.findall(pointers):
        files = files_named(file) if file else files
        tests = {it for path in files if path.exists() for it in names_in(path)}
        is_there = any(it.startswith(test[:-1]) for it in tests) if test.endswith("*") else test in tests
        if not (is_there if test else tests):
            found.append(f"{file}::{test}")
    return found


@pytest.mark.parametrize(("promise", "pointers"), PROMISES, ids=[it[0][:40] for it in PROMISES])
def test_every_promise_is_shown(promise: str, pointers: str) -> None:
    """Every promise points to tests, all of which exist."""
    assert promise
    assert lost(pointers) == []
    assert len(POINTER.findall(pointers)) == pointers.count("`") / 2


def test_nothing_is_promised_beside_the_tables() -> None:
    """Every row of the tables of promises is read by the test above, and there are as many as there were."""
    tables = PAGE.count("| promised | shown by |")
    rows = [it for it in PAGE.splitlines() if it.startswith("| ") and ("test_" in it or it.endswith("`test_*` |"))]
    assert (tables > 0, len(rows)) == (True, len(PROMISES))


@pytest.mark.parametrize("pointer", ["`audit/test_nothing.py`", "`test_log.py::test_what_isnt_there`", "`test_xyz`"])
def test_a_pointer_into_nothing(pointer: str) -> None:
    """A pointer to a file or a test that isn't there is found."""
    assert lost(pointer) != []


LOG = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
WRITTEN = re.compile(r'(?:Fact\(\s*|tell_end\([^"]*|"kind":)"(\w+)"')


def test_every_entry_of_the_log_is_on_its_page() -> None:
    """The page on the log lists every kind of entry that anything writes, with a test that is there, and no other."""
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|.*\| `([a-z.]+)` \| (.*) \|$", LOG, re.MULTILINE)
    listed = {kind: (writer, pointers) for kinds, writer, pointers in rows for kind in re.findall(r"\w+", kinds)}
    assert [kind for kind, (_, pointers) in listed.items() if lost(pointers)] == []
    written = {
        (kind, ".".join(path.relative_to(ROOT / "src" / "umbane").with_suffix("").parts))
        for path in (ROOT / "src" / "umbane").rglob("*.py")
        for kind in WRITTEN.findall(path.read_text(encoding="utf-8"))
    }
    tellers = {"vending.releasing": "vending.telling", "audit.sales": "vending.telling"}
    assert {(kind, tellers.get(writer, writer)) for kind, writer in written} == {
        (kind, writer) for kind, (writer, _) in listed.items()
    }
