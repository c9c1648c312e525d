"""The limits of the house: short functions, short modules, types and a docstring on all that is public."""

import ast
from pathlib import Path

import pytest

from tests.project.tree import SOURCES, Function, functions, name_of, parse

LONGEST_FUNCTION = 60
LONGEST_MODULE = 450

each_source = pytest.mark.parametrize("path", SOURCES, ids=name_of)


def lines(function: Function) -> int:
    """The length of a function from its `def` to its last line."""
    return (function.end_lineno or 0) - function.lineno + 1


def is_public(function: Function) -> bool:
    """Whether others may call it: Python's own special methods are not counted."""
    return not function.name.startswith("_")


def nested(tree: ast.Module) -> set[Function]:
    """The functions inside other functions, which nobody else can call."""
    return {inner for outer in functions(tree) for inner in functions(outer) if inner is not outer}


def unannotated(function: Function) -> list[str]:
    """The parameters without a type, and `return` if the result has none."""
    given = function.args
    parameters = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    bare = [p.arg for p in parameters if p and p.annotation is None and p.arg not in {"self", "cls"}]
    return bare if function.returns else [*bare, "return"]


@each_source
def test_module_length(path: Path) -> None:
    """No module is longer than one can hold in mind."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_MODULE


@each_source
def test_function_length(path: Path) -> None:
    """No function is longer than a screen."""
    too_long = {function.name: lines(function) for function in functions(parse(path))}
    assert {name: length for name, length in too_long.items() if length > LONGEST_FUNCTION} == {}


@each_source
def test_annotations(path: Path) -> None:
    """Every function, public or not, has a type on each parameter and on its result."""
    assert {function.name: bare for function in functions(parse(path)) if (bare := unannotated(function))} == {}


@each_source
def test_docstrings(path: Path) -> None:
    """Every module, every public class and every public function says what it is for."""
    tree = parse(path)
    inner = nested(tree)
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
    public = [function for function in functions(tree) if is_public(function) and function not in inner]
    assert ast.get_docstring(tree)
    assert [node.name for node in [*classes, *public] if not ast.get_docstring(node)] == []


def test_a_long_function_is_noticed() -> None:
    """The ruler these tests measure with counts the `def` line and the last line."""
    tree = ast.parse("def f():\n    a = 1\n    return a\n")
    assert [lines(function) for function in functions(tree)] == [3]


def test_a_missing_type_is_noticed() -> None:
    """A bare parameter, a bare star parameter and a missing result are each named; self is not."""
    tree = ast.parse("def f(self, a, *b, c: int): ...\n")
    assert [unannotated(function) for function in functions(tree)] == [["a", "b", "return"]]
