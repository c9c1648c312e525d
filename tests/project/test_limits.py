"""The limits of the house: short functions, short modules, types and a docstring on all that is public."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project.tree import SOURCES, Function, functions, name_of, parse

LONGEST_FUNCTION = 60
LONGEST_MODULE = 450

each_source = pytest.mark.parametrize("path", SOURCES, ids=name_of)


def lines(function: Function) -> int:
    """The length of a function from its `def` to its last line."""
    return (function.end_lineno or 0) - function.lineno + 1


def public(tree: ast.AST) -> Iterator[Function | ast.ClassDef]:
    """The classes and functions that others may call: not the private ones, nor anything inside those or a function."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node)


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
    assert ast.get_docstring(tree)
    assert [node.name for node in public(tree) if not ast.get_docstring(node)] == []


def test_a_long_function_is_noticed() -> None:
    """The ruler these tests measure with counts the `def` line and the last line."""
    tree = ast.parse("def f():\n    a = 1\n    return a\n")
    assert [lines(function) for function in functions(tree)] == [3]


def test_a_missing_type_is_noticed() -> None:
    """A bare parameter, a bare star parameter and a missing result are each named; self is not."""
    tree = ast.parse("def f(self, a, *b, c: int): ...\n")
    assert [unannotated(function) for function in functions(tree)] == [["a", "b", "return"]]


def test_what_is_public() -> None:
    """A method of a public class is public; a method of a private one and a function in a function are not."""
    tree = ast.parse(
        "class A:\n def f(self): ...\nclass _B:\n def g(self): ...\ndef h():\n def i(): ...\ndef _j(): ...\n"
    )
    assert [node.name for node in public(tree)] == ["A", "f", "h"]
