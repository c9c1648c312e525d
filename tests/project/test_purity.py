"""The pure rooms take time, chance and files from their callers."""

import ast
from pathlib import Path

import pytest

from tests.project.tree import SOURCES, name_of, parse

PURE = {"sts", "pricing", "meter"}
LOADERS = {"meter/face/packfile.py", "pricing/loader.py", "sts/hazmat/tablefile.py"}
"""The modules of pure rooms whose one purpose is to read a file: the only ones that may look at the disk."""

DISK = {"importlib.resources", "io", "open", "os", "pathlib", "tempfile"}
MODULES = DISK | {"logging", "random", "secrets", "socket", "sys", "time", "uuid"}


def used(node: ast.AST) -> set[str]:
    """The modules, built-in functions and clock readings that one node of a syntax tree uses."""
    match node:
        case ast.Import():
            return {alias.name for alias in node.names} & MODULES
        case ast.ImportFrom():
            return {node.module or ""} & MODULES
        case ast.Name(id="open" | "print" | "input"):
            return {node.id}
        case ast.Attribute(attr="now" | "today" | "utcnow"):
            return {node.attr}
        case ast.Global():
            return {"global"}
        case _:
            return set()


def impurities(tree: ast.AST) -> set[str]:
    """Everything a module uses that makes it depend on more than its arguments."""
    return {name for node in ast.walk(tree) for name in used(node)}


def inside(path: Path) -> str:
    """The path of a source file inside the package."""
    return name_of(path).removeprefix("src/umbane/")


PURE_SOURCES = [path for path in SOURCES if inside(path).split("/")[0] in PURE]


@pytest.mark.parametrize("path", PURE_SOURCES, ids=name_of)
def test_no_clock_no_chance_no_files(path: Path) -> None:
    """A module of a pure room uses no clock, no chance, no output and, unless it is a listed loader, no disk."""
    assert impurities(parse(path)) - (DISK if inside(path) in LOADERS else set()) == set()


@pytest.mark.parametrize("path", PURE_SOURCES, ids=name_of)
def test_no_float(path: Path) -> None:
    """No number in a pure room is written as a float: money and energy are integers, prices are ratios."""
    floats = [node for node in ast.walk(parse(path)) if isinstance(node, ast.Constant) and type(node.value) is float]
    assert [ast.unparse(number) for number in floats] == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from datetime import datetime\ndatetime.now()", {"now"}),
        ("from datetime import date\nread = date.today", {"today"}),
        ("import time", {"time"}),
        ("from random import randint", {"random"}),
        ("import uuid", {"uuid"}),
        ("from os import environ", {"os"}),
        ("open('x')", {"open"}),
        ("print('x')", {"print"}),
        ("from pathlib import Path", {"pathlib"}),
        ("def f():\n    global x\n    x = 1", {"global"}),
        ("from datetime import datetime\ndatetime(2026, 1, 1)", set()),
        ("from datetime import time\ntime(0, 1)", set()),
        ("cover.open = True", set()),
    ],
)
def test_what_is_noticed(source: str, found: set[str]) -> None:
    """The look-out sees each kind of impurity by its name, and nothing in what only looks like one."""
    assert impurities(ast.parse(source)) == found


def test_loaders_exist() -> None:
    """Every listed loader is a module that exists."""
    assert LOADERS - {inside(path) for path in PURE_SOURCES} == set()
