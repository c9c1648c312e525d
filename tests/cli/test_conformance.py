"""`umbane conformance run`: what a laboratory sees, and the exit code its scripts read."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.conformance.support import OWN, PUBLISHED
from umbane.cli import main
from umbane.sts import SAMPLE_TABLES

GOOD: dict[str, Any] = {"id": "good", "group": "luhn", "inputs": {"kind": "luhn_digit", "digits": "1234567890"}}
GOOD |= {"expected": {"digit": 3}}
BAD = GOOD | {"id": "bad", "expected": {"digit": 4}}
ODD = GOOD | {"id": "odd", "inputs": {"kind": "telepathy"}}


def file(folder: Path, *entries: object, name: str = "vectors.json") -> str:
    """A vector file with these entries."""
    path = folder / name
    path.write_text(json.dumps(entries), encoding="utf-8")
    return str(path)


def run(*arguments: str, **environment: str) -> Result:
    """Run the command, without licensed tables unless the environment names some."""
    return CliRunner(env={"UMBANE_STA_TABLES": None, **environment}).invoke(main, ["conformance", "run", *arguments])


def test_published_vectors() -> None:
    """The published vectors end with 0 and their totals."""
    answer = run(str(PUBLISHED))
    assert answer.exit_code == 0
    assert answer.output.endswith("467 vectors: 463 passed, 0 failed, 4 skipped.\n")
    assert "holds only under licensed EA07 tables" in answer.output


def test_a_table_of_groups(tmp_path: Path) -> None:
    """The table has a row for each group, with what passed, failed and was skipped."""
    rows = [line.split() for line in run(file(tmp_path, GOOD, BAD, ODD)).output.splitlines()]
    assert ["luhn", "1", "1", "1"] in rows
    assert ["all", "1", "1", "1"] in rows


def test_a_failure(tmp_path: Path) -> None:
    """A failure ends with 1 and is shown with what was expected and what came out."""
    answer = run(file(tmp_path, GOOD, BAD))
    assert answer.exit_code == 1
    assert "failed: bad" in answer.output
    assert "digit: expected 4, got 3" in answer.output


def test_only_what_is_wrong_is_shown(tmp_path: Path) -> None:
    """Of a failed vector only the values that differ are shown."""
    answer = run(file(tmp_path, BAD | {"expected": {"digit": 4, "number": "12345678903"}}))
    assert "digit: expected" in answer.output
    assert "number: expected" not in answer.output


def test_a_skip(tmp_path: Path) -> None:
    """A skip is no failure, and is shown with its reason."""
    answer = run(file(tmp_path, ODD))
    assert answer.exit_code == 0
    assert "skipped 1: unknown kind 'telepathy'" in answer.output


def test_several_files(tmp_path: Path) -> None:
    """Several files are run as one."""
    answer = run(file(tmp_path, GOOD, name="a.json"), file(tmp_path, GOOD, name="b.json"), str(OWN))
    assert answer.exit_code == 0
    assert "0 failed, 0 skipped" in answer.output


def test_many_failures(tmp_path: Path) -> None:
    """Of very many failures the first are shown and the rest counted."""
    answer = run(file(tmp_path, *[BAD | {"id": f"bad-{number}"} for number in range(40)]))
    assert answer.output.count("failed: bad-") == 25
    assert "and 15 more failures" in answer.output


@pytest.mark.parametrize("content", ["", "[]", "{}", "[[]]", "[NaN]", "[" * 99_999, '[{"inputs": {}, "expected": {}}]'])
def test_an_unusable_file(tmp_path: Path, content: str) -> None:
    """A file that isn't one of vectors ends with 2 and one line that names it."""
    path = tmp_path / "my.json"
    path.write_text(content, encoding="utf-8")
    answer = run(str(path))
    assert answer.exit_code == 2
    assert answer.stderr.startswith(f"error: {path}")
    assert answer.stderr.count("\n") == 1


def test_nothing_is_run_when_one_file_is_unusable(tmp_path: Path) -> None:
    """One unusable file stops the whole run before it starts."""
    answer = run(file(tmp_path, GOOD), str(tmp_path / "missing.json"))
    assert (answer.exit_code, answer.stdout) == (2, "")


@pytest.mark.parametrize("arguments", [[], ["--report", "out.pdf"], ["--report", "json"], ["--frobnicate"]])
def test_wrong_use(tmp_path: Path, arguments: list[str]) -> None:
    """A wrong option, or no file, ends with 2 before anything is run."""
    files = [file(tmp_path, GOOD)] if arguments else []
    answer = run(*files, *arguments)
    assert (answer.exit_code, answer.stdout) == (2, "")


def test_reports(tmp_path: Path) -> None:
    """A report is written in the form that its name asks for; both may be asked for at once."""
    machine, people = tmp_path / "out.json", tmp_path / "out.HTML"
    answer = run(file(tmp_path, GOOD, BAD), "--report", str(machine), "--report", str(people))
    assert answer.exit_code == 1
    assert json.loads(machine.read_text(encoding="utf-8"))["totals"]["failed"] == 1
    assert people.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_report_that_cannot_be_written(tmp_path: Path) -> None:
    """A report to a folder that isn't there ends with 2 and says so."""
    answer = run(file(tmp_path, GOOD), "--report", str(tmp_path / "none" / "out.json"))
    assert answer.exit_code == 2
    assert "can't be written (No such file or directory)" in answer.stderr


def test_hostile_names(tmp_path: Path) -> None:
    """Nothing in a vector file reaches the terminal as a command to it, or is read as markup."""
    hostile = "\x1b[2J\x07\u202e[bold red]x[/nonsense]"
    entries = [BAD | {"id": hostile, "group": hostile, "provenance": hostile, "expected": {"digit": hostile}}]
    answer = run(file(tmp_path, *entries))
    assert answer.exit_code == 1
    assert not set("\x1b\x07\u202e") & set(answer.output)
    assert "[bold red]x[/nonsense]" in answer.output


def tables(folder: Path) -> Path:
    """A file with the sample tables."""
    path = folder / "tables.json"
    lists = {
        "sub1": SAMPLE_TABLES.substitution1,
        "sub2": SAMPLE_TABLES.substitution2,
        "perm": SAMPLE_TABLES.permutation,
    }
    path.write_text(json.dumps({"name": "mine", "encrypt": lists}), encoding="utf-8")
    return path


def test_sample_tables_are_recognised(tmp_path: Path) -> None:
    """A file that holds the sample tables doesn't pass for a licensed set, by option or by environment."""
    path = str(tables(tmp_path))
    for answer in (run(str(PUBLISHED), "--sta-tables", path), run(str(PUBLISHED), UMBANE_STA_TABLES=path)):
        assert answer.exit_code == 0
        assert "EA07 tables: sample" in answer.output
        assert "463 passed, 0 failed, 4 skipped" in answer.output


def test_unknown_tables_are_refused(tmp_path: Path) -> None:
    """Tables that reproduce no published token are refused, however they are given."""
    path = tables(tmp_path)
    document = json.loads(path.read_text(encoding="utf-8"))
    document["encrypt"]["perm"].reverse()
    path.write_text(json.dumps(document), encoding="utf-8")
    for answer in (run(str(OWN), "--sta-tables", str(path)), run(str(OWN), UMBANE_STA_TABLES=str(path))):
        assert answer.exit_code == 2
        assert "reproduce no published token" in answer.stderr


def test_the_option_goes_before_the_environment(tmp_path: Path) -> None:
    """Tables named by the option are used, whatever the environment names."""
    answer = run(str(OWN), "--sta-tables", str(tables(tmp_path)), UMBANE_STA_TABLES="no such file")
    assert answer.exit_code == 0
