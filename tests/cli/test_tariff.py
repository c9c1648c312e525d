"""`umbane tariff`, as a person at a terminal uses it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.pricing.support import text
from umbane.cli import main
from umbane.pricing.schema import schema_text

TARIFFS = Path(__file__).parents[2] / "examples" / "tariffs"
TSHWANE = str(TARIFFS / "za-tshwane-2025.yaml")
GHANA = str(TARIFFS / "gh-ecg-2025-05.yaml")
PNG = b"\x89PNG\r\n\x1a\n"


def run(*arguments: str | Path) -> Result:
    """Run `umbane tariff` with these arguments."""
    return CliRunner().invoke(main, ["tariff", *map(str, arguments)])


def squeezed(result: Result) -> str:
    """What was printed, with every stretch of blanks as one."""
    return " ".join(result.output.split())


def refused(*arguments: str | Path) -> str:
    """The error of a command that was refused."""
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    return result.output


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A tariff with everything that the command can ask for."""
    path = tmp_path / "t.yaml"
    sections = text(
        charges=[{"name": "load", "label": "Load charge", "amount": "10", "per_kilowatt": "true"}],
        arrears=[{"name": "loan", "label": "Loan", "method": "percent", "percent": "20"}],
        free_units={"units": "50", "label": "Free units"},
        limits={"purchase": {"max_money": "500"}},
        ceiling={"percent": "50", "of": ["arrears", "load"]},
        order=["arrears", "load", "energy"],
    )
    path.write_text(sections, encoding="utf-8")
    return path


# -------------------------------------------------------------------------------------------------------------- check


def test_check_all_published() -> None:
    """Every published tariff is good, and the command says what it checked."""
    result = run("check", *sorted(TARIFFS.glob("*.yaml")))
    assert result.exit_code == 0
    assert "za-tshwane-2025.yaml: good: City of Tshwane, domestic prepaid (2025/26), from 2025-07-01" in result.output
    assert "2 worked examples reproduced" in result.output


def test_check_tells_everything(tmp_path: Path) -> None:
    """A wrong file is told by line and field, a good one beside it is still checked, and the exit code is 1."""
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(text(currency="RAND", order=None), encoding="utf-8")
    result = run("check", wrong, TSHWANE)
    assert result.exit_code == 1
    assert "wrong.yaml:8: currency: 'RAND' is not a currency; its ISO 4217 code, like ZAR" in result.output
    assert "order: is missing; add it" in result.output
    assert "za-tshwane-2025.yaml: good" in result.output


@pytest.mark.parametrize(
    ("example", "told"),
    [
        ({"money": "10", "units": "5.1"}, "t.yaml: example: one: 5.0 kWh, published 5.1"),
        ({"money": "0.01", "units": "5.1"}, "t.yaml: money: 0.01 ZAR doesn't cover"),
    ],
)
def test_check_recomputes_examples(tmp_path: Path, example: dict[str, str], told: str) -> None:
    """An example that doesn't come out as published is a fault of the file."""
    path = tmp_path / "t.yaml"
    path.write_text(text(examples=[{"title": "one", "at": "2026-03-12", **example}]), encoding="utf-8")
    result = run("check", path)
    assert result.exit_code == 1
    assert told in result.output


def test_check_without_examples(file: Path) -> None:
    """A file without examples is good as well, and the command says that there are none."""
    assert "from 2020-01-01, no worked examples" in run("check", file).output


def test_check_needs_a_file() -> None:
    """Without a file there is nothing to check."""
    assert "Missing argument 'FILE...'" in refused("check")


# -------------------------------------------------------------------------------------------------------------- quote


def test_quote_money() -> None:
    """200 rand after 95 kWh, line by line."""
    result = run("quote", TSHWANE, "--money", "200", "--purchased", "95", "--at", "2026-03-12")
    assert result.exit_code == 0
    printed = squeezed(result)
    assert "Electricity, 0–100 kWh 5.0 kWh at 2.9783 (3.425 with tax) 14.89" in printed
    assert "Electricity, 100–400 kWh 45.3 kWh at 3.5165 (4.044 with tax) 159.30" in printed
    assert "VAT 15 % 15 % of 174.19 26.13" in printed
    assert "Rounding in your favour -0.32" in printed
    assert "Paid 200.00 Buys 50.3 kWh" in printed
    assert "Least that can be paid now: 0.34 ZAR" in printed
    assert "most" not in printed


def test_quote_units() -> None:
    """58.4 kWh cost 200.02 less the rounding."""
    assert "Paid 200.02 Buys 58.4 kWh" in squeezed(run("quote", TSHWANE, "--units", "58.4", "--at", "2026-03-12"))


def test_quote_outside_the_dates() -> None:
    """Without a day, a tariff that is over is quoted for its last day, and the command says so."""
    result = run("quote", TSHWANE, "--money", "200")
    assert (
        "Quoted for 2026-06-30, the nearest day on which this tariff is in force; --at names another." in result.output
    )


def test_quote_json() -> None:
    """For other programs the quote is JSON: money and units as text, rates exact."""
    data = json.loads(run("quote", TSHWANE, "--money", "200", "--at", "2026-03-12", "--json").output)
    assert (data["units"], data["tender"], data["currency"], data["day"]) == ("58.4", "200.00", "ZAR", "2026-03-12")
    assert data["lines"][0]["rate"] == "137/46"


def test_quote_with_everything(file: Path) -> None:
    """Debts, charges by load, free units and limits all have their words."""
    options = ["--money", "100", "--load", "7000", "--arrears", "500", "--free", "--at", "2026-03-12"]
    printed = squeezed(run("quote", file, *options))
    assert "Loan 20.00 Load charge 30.00" in printed
    assert "Buys 25.0 kWh and 50.0 kWh free on a token of their own" in printed
    assert "Still owed: Loan, 480.00 ZAR Still owed: load, 40.00 ZAR" in printed
    assert "most: 500.00 ZAR" in printed


@pytest.mark.parametrize(
    ("options", "due"),
    [([], True), (["--purchased", "5"], False), (["--purchased", "5", "--first"], True), (["--not-first"], False),
     (["--charged-on", "2026-03-01"], False), (["--charged-on", "2026-02-01"], True)],
)  # fmt: skip
def test_quote_first_of_the_month(file: Path, options: list[str], due: bool) -> None:  # noqa: FBT001 - a fact of the case
    """Charges are due on the first purchase of the month: by option, or when nothing was bought before."""
    result = run("quote", file, "--money", "100", "--load", "1000", "--at", "2026-03-12", *options)
    assert ("Load charge" in result.output) == due


def test_quote_own_arrangement(file: Path) -> None:
    """A debt by its kind, and a percentage by arrangement."""
    options = ["--arrears", "other=50", "--arrears", "loan=50", "--percent", "10", "--not-first"]
    printed = squeezed(run("quote", file, "--money", "100", *options))
    assert "Loan 10.00 other 10.00" in printed
    assert "Still owed: other, 40.00 ZAR" in printed


def test_quote_before_a_step() -> None:
    """Money that can't be spent before a step is shown as credit."""
    printed = squeezed(run("quote", GHANA, "--money", "60"))
    assert "Credit for your next purchase 33.41" in printed
    assert "To the good for the next purchase: 33.41 GHS" in printed


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "--money: neither or both"),
        (["--money", "5", "--units", "5"], "--money: neither or both"),
        (["--money", "5.005"], "--money: '5.005' is not an amount of ZAR"),
        (["--money", "-5"], "--money: '-5' is not an amount"),
        (["--money", "nan"], "--money: 'nan' is not an amount"),
        (["--money", "２００"], "is not an amount of ZAR"),
        (["--money", "0"], "money: 0 is not possible"),
        (["--money", "0.01"], "at least 0.34 ZAR"),
        (["--units", "0.05"], "--units: '0.05' is not an amount of energy"),
        (["--units", "1e3"], "--units: '1e3' is not an amount of energy"),
        (["--units", "９"], "is not an amount of energy"),
        (["--units", "999999999999"], "is not an amount of energy"),
        (["--money", "5", "--purchased", "x"], "--purchased: 'x' is not an amount"),
        (["--money", "5", "--at", "yesterday"], "--at: 'yesterday' is not a day"),
        (["--money", "5", "--at", "2026-02-30"], "--at: '2026-02-30' is not a day"),
        (["--money", "5", "--at", "2020-01-01"], "at: 2020-01-01 is outside the dates"),
        (["--money", "50", "--arrears", "x"], "--arrears: 'x' is not an amount"),
        (["--money", "50", "--arrears", "other=5"], "no rule for debts of the kind 'other'"),
        (["--money", "50", "--arrears", "5", "--percent", "200"], "percent: '200' is not a percentage"),
        (["--money", "50", "--load", "0"], "Invalid value for '--load'"),
    ],
)
def test_quote_refused(options: list[str], told: str) -> None:
    """What can't be quoted is refused in words that name the option."""
    assert told in refused("quote", TSHWANE, *options)


def test_quote_no_file(tmp_path: Path) -> None:
    """A file that isn't there is refused."""
    assert "can't be read" in refused("quote", tmp_path / "none.yaml", "--money", "5")


# ------------------------------------------------------------------------------------------------------------ explain


def test_explain() -> None:
    """Two tables: what units cost, and what money buys."""
    printed = squeezed(run("explain", TSHWANE, "--at", "2026-03-12"))
    assert "kWh so far total average the next one" in printed
    assert "100.0 342.50 3.4250 4.0440" in printed
    assert "500.00 139.0" in printed


@pytest.mark.parametrize(("name", "start"), [("c.png", PNG), ("c.svg", b"<?xml"), ("C.PNG", PNG)])
@pytest.mark.parametrize("stem", ["za-tshwane-2025", "gh-ecg-2025-05", "za-ethekwini-2014", "zw-zetdc-2020-11-29"])
def test_explain_chart(tmp_path: Path, stem: str, name: str, start: bytes) -> None:
    """The chart is drawn for one block and for many, into PNG and SVG."""
    result = run("explain", TARIFFS / f"{stem}.yaml", "--chart", tmp_path / name)
    assert result.exit_code == 0
    assert (tmp_path / name).read_bytes().startswith(start)


@pytest.mark.parametrize(
    ("name", "told"), [("c.gif", "c.gif is no picture"), ("c", "is no picture"), ("no/where/c.png", "can't be written")]
)
def test_explain_chart_refused(tmp_path: Path, name: str, told: str) -> None:
    """A chart goes into a file that can be written and is a picture."""
    assert told in " ".join(refused("explain", TSHWANE, "--chart", tmp_path / name).split())


def test_explain_outside_the_dates() -> None:
    """A day outside the tariff's dates is refused."""
    assert "outside the dates" in refused("explain", TSHWANE, "--at", "2020-01-01")


# ------------------------------------------------------------------------------------------------------------- schema


def test_schema() -> None:
    """The schema is printed as it is published."""
    assert run("schema").output == schema_text()


@pytest.mark.parametrize("command", [("explain",), ("quote", "--money", "200")])
def test_names_that_look_like_markup(tmp_path: Path, command: tuple[str, ...]) -> None:
    """Titles and labels are printed as they are written, whatever brackets are in them."""
    path, odd = tmp_path / "t.yaml", "Homes [/b] [red]two[/red]"
    words = Path(TSHWANE).read_text(encoding="utf-8").partition("\nexamples:")[0]
    path.write_text(words.replace("City of Tshwane, domestic prepaid", f"'{odd}'"), encoding="utf-8")
    result = run(command[0], path, *command[1:])
    assert (result.exit_code, odd in squeezed(result)) == (0, True), result.output
