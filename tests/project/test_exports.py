"""What a module offers is what its `__all__` lists."""

import ast
from importlib import import_module
from pathlib import Path

import pytest

from tests.project.tree import ROOT, SOURCES, Function, name_of, parse

ROOMS = [path for path in SOURCES if path.name == "__init__.py" and path.parent.parent.name == "umbane"]


def module_name(path: Path) -> str:
    """The name under which a source file is imported."""
    parts = path.relative_to(ROOT / "src").with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def defined(tree: ast.Module) -> set[str]:
    """The public classes and functions a module defines at its top level."""
    return {n.name for n in tree.body if isinstance(n, Function | ast.ClassDef) and not n.name.startswith("_")}


def brought_in(tree: ast.Module) -> set[str]:
    """The public names a module takes from the rest of Umbane."""
    ours = [n for n in tree.body if isinstance(n, ast.ImportFrom) and (n.module or "").startswith("umbane.")]
    return {alias.asname or alias.name for node in ours for alias in node.names}


def listed(tree: ast.Module) -> list[str] | None:
    """The names in a module's `__all__`, or None when it has none."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            names: list[str] = ast.literal_eval(node.value)
            return names
    return None


@pytest.mark.parametrize("path", [path for path in SOURCES if listed(parse(path)) is not None], ids=name_of)
def test_listed_names(path: Path) -> None:
    """Every listed name exists and is listed once."""
    names = listed(parse(path)) or []
    module = import_module(module_name(path))
    assert len(names) == len(set(names))
    assert [name for name in names if not hasattr(module, name)] == []


@pytest.mark.parametrize("path", [path for path in ROOMS if path.parent.name != "cli"], ids=name_of)
def test_front_door(path: Path) -> None:
    """A room's front door lists exactly what it defines and what it brings forward from its inner modules."""
    tree = parse(path)
    assert set(listed(tree) or []) == brought_in(tree) | defined(tree)
