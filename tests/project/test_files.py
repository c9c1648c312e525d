"""What must never be in a file of this project, and what must stand beside every exception to a rule."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.project.tree import ROOT, name_of, text_files

# Each rule is written so that it does not find itself.
FORBIDDEN = {
    "a registry's host": re.compile(r"\b(?:pypi[.]org|pythonhosted[.]|npmjs[.]|anaconda[.]org)", re.IGNORECASE),
    "a path of one machine": re.compile(r"(?<![\w.])/(?:work|root|home|Users|opt|mnt)/\w"),
    "a file's address": re.compile(r"file:[/]{2}"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY"),
}
HERE = Path(__file__)
EXCEPTION = re.compile(r"# noqa|# type: ignore|# pragma: no|# nosec")
REASONED = re.compile(r"(?:# noqa: [A-Z0-9, ]+|# type: ignore\[[a-z, -]+\]|# pragma: no (?:cover|branch)) +[-–#]+ *\w")


@pytest.mark.parametrize("path", text_files(), ids=name_of)
def test_nothing_forbidden(path: Path) -> None:
    """No file names a package registry, a path of one machine or a private key."""
    text = path.read_text(encoding="utf-8")
    assert [(what, found.group()) for what, rule in FORBIDDEN.items() if (found := rule.search(text))] == []


@pytest.mark.parametrize("path", [path for path in text_files() if path.suffix == ".py" and path != HERE], ids=name_of)
def test_exceptions_have_reasons(path: Path) -> None:
    """Wherever a checker is told to look away, the rule is named and the reason stands beside it."""
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [line.strip() for line in lines if EXCEPTION.search(line) and not REASONED.search(line)] == []


@pytest.mark.parametrize(
    ("line", "reasoned"),
    [
        ("x = 1  # noqa: S101 - the input was checked above", True),
        ("x = 1  # noqa: S101, S102 - both are meant", True),
        ("x = 1  # type: ignore[arg-type]  # a wrong type is what is tested", True),
        ("x = 1  # pragma: no cover - only on other systems", True),
        ("x = 1  # noqa", False),
        ("x = 1  # noqa: S101", False),
        ("x = 1  # type: ignore", False),
        ("x = 1  # type: ignore[arg-type]", False),
        ("x = 1  # pragma: no cover", False),
    ],
)
def test_what_counts_as_a_reason(line: str, *, reasoned: bool) -> None:
    """A bare exception is refused, and so is one that names its rule but not its reason."""
    assert EXCEPTION.search(line)
    assert bool(REASONED.search(line)) is reasoned


def test_ignored_rules_have_reasons() -> None:
    """Every lint rule that is switched off in the project's settings has its reason beside it."""
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    switched_off = [line for line in lines if re.match(r'  "[A-Z]+\d+",', line)]
    assert switched_off
    assert [line.strip() for line in switched_off if "# " not in line] == []


def test_all_lint_rules_are_on() -> None:
    """The linter starts from all of its rules, and types are checked strictly in all code."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    assert settings["ruff"]["lint"]["select"] == ["ALL"]
    assert settings["mypy"]["strict"] is True
    assert settings["mypy"]["files"] == ["src", "tests", "benchmarks"]
    assert settings["pytest"]["filterwarnings"] == ["error"]
