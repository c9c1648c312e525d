"""The files of this project, read once for all tests that look at them."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src" / "umbane").rglob("*.py"))
TOP = ["src", "tests", "benchmarks", "docs", "examples", "requirements", ".ci", "*.md", "*.toml", "LICENSE", "Makefile"]

Function = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    """The path of a file inside the project."""
    return path.relative_to(ROOT).as_posix()


def parse(path: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def functions(tree: ast.AST) -> Iterator[Function]:
    """Every function and method in a syntax tree, at any depth."""
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def text_files() -> list[Path]:
    """Every file that belongs to the project and holds text; what is built or cached is left out."""
    tops = [top for pattern in TOP for top in ROOT.glob(pattern)]
    return sorted(path for top in tops for path in [top, *top.rglob("*")] if path.is_file() and _is_text(path))


def _is_text(path: Path) -> bool:
    made = {"__pycache__", "_build"} & set(path.parts)
    return not made and path.suffix not in {".pyc", ".png", ".pdf"}
