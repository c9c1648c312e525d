"""The benchmark runner: JSON on standard output, talk on standard error."""

import pytest

from benchmarks.__main__ import chosen, main, measure, modules
from benchmarks.result import Result


def test_unknown_room(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown name prints nothing on standard output, tells which rooms there are, and exits with 2."""
    assert main(["nowhere"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "no benchmark is called 'nowhere'" in err


@pytest.mark.parametrize("prefix", ["s", "sts_", "STS", "nowhere.sts", " "])
def test_no_room_by_half_its_name(prefix: str) -> None:
    """A room is run when it is named in full, never by a part of its name."""
    assert prefix not in modules()
    assert list(measure(prefix)) == []


@pytest.mark.parametrize(
    ("prefix", "run"),
    [
        ("sts", ["sts"]),
        ("module.batch", ["module"]),
        ("sale.http.p99", ["sale.http"]),
        ("sale.batch", ["sale"]),
        ("sale", ["sale.grown", "sale.http", "sale", "sale.slow_disk"]),
        ("", list(modules())),
    ],
)
def test_what_is_run(prefix: str, run: list[str]) -> None:
    """What may have a figure of that name is run, and nothing else."""
    assert chosen(prefix) == run


def test_result_is_frozen() -> None:
    """A figure can't be changed after it was measured."""
    result = Result("sts.import", 12.5, "ms", 1)
    with pytest.raises(AttributeError):
        result.value = 0.0  # type: ignore[misc]  # the type checker refuses it as well
