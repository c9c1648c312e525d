"""`umbane vend`: what a cashier sees, what a script reads, and what hostile files get for an answer."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.project.tree import ROOT
from tests.simulation.support import ANNA, BEN, HOUSEHOLDS, PURCHASE_HEADER, world, write
from umbane.cli import main
from umbane.cli.vend import PIPED_WIDTH
from umbane.db import Server
from umbane.meter.validation import TidMemory

BUY = f"P1,2025-07-03T08:00Z,{ANNA},buy,100.00"
EXAMPLES = ROOT / "examples"
COMMAND = [sys.executable, "-m", "umbane", "vend"]


Vend = Callable[..., Result]


@pytest.fixture
def environment(place: Server) -> dict[str, str]:
    """Give the environment of a process that sells into a database of this test's own."""
    return os.environ | {"PYTHONPATH": str(ROOT / "src"), "UMBANE_DATABASE_URL": place.url}


@pytest.fixture
def vend(environment: dict[str, str], tmp_path: Path) -> Vend:
    """Give the command, on a database of this test's own."""

    def run(*arguments: str | Path) -> Result:
        words = ["vend", *map(str, arguments), "--data", str(tmp_path / "kept")]
        return CliRunner().invoke(main, words, env=environment)

    return run


def refused(answer: Result) -> str:
    """What a command that could do nothing says on standard error, in place of a traceback."""
    assert answer.exit_code == 2
    assert answer.exception is None or isinstance(answer.exception, SystemExit)
    assert "Traceback" not in answer.output
    return answer.stderr


def test_the_examples(vend: Vend) -> None:
    """The purchases of the examples are sold as their file intends: one came twice, nine are refused, all adds up."""
    answer = vend(EXAMPLES / "purchases.csv")
    assert answer.exit_code == 0
    assert "48 lines done with 51 tokens, 1 came twice, 9 refused" in answer.stdout
    assert answer.stdout.count("✓") == 13
    assert "✗" not in answer.stdout


def test_the_examples_are_what_was_promised() -> None:
    """The examples hold 30 purchases or more by a dozen meters or more, over two months."""
    lines = (EXAMPLES / "purchases.csv").read_text(encoding="utf-8").splitlines()[1:]
    rows = [line.split(",") for line in lines]
    assert len(rows) >= 30
    assert len({row[2] for row in rows}) >= 12
    assert {row[1][:7] for row in rows} == {"2025-07", "2025-08"}
    assert {"buy", "units", "free", "tenant", "key"} <= {row[3] for row in rows}


def test_receipts_and_summary(vend: Vend, tmp_path: Path) -> None:
    """Receipts come first, in the order of the purchases; then what was not sold, who runs low, and the proofs."""
    answer = vend(world(tmp_path, BUY, f"P2,2025-07-03T07:00Z,{BEN},buy,0"))
    parts = ["NOT SOLD", "meter 00001011014", "1 lines done", "Not sold:", "Running low at the end, 5 July", "✓ ZAR"]
    places = [answer.stdout.index(part) for part in parts]
    assert places == sorted(places)
    assert "  purchases.csv line 3 P2: money: 0 buys nothing; give an amount above 0\n" in answer.stdout
    assert "  Ben, meter 00001021021: 0.0 kWh, no light\n" in answer.stdout


def test_quiet(vend: Vend, tmp_path: Path) -> None:
    """With --quiet there is only the summary."""
    answer = vend(world(tmp_path, BUY), "--quiet")
    assert answer.exit_code == 0
    assert "SGC 201457" not in answer.stdout
    assert "1 lines done" in answer.stdout


def test_files_elsewhere(vend: Vend, tmp_path: Path) -> None:
    """Households and tariffs may lie anywhere."""
    purchases = world(tmp_path, BUY)
    (tmp_path / "other").mkdir()
    people = (tmp_path / "meters.csv").rename(tmp_path / "other" / "people.csv")
    tariffs = (tmp_path / "tariffs").rename(tmp_path / "other" / "t")
    assert vend(purchases, "--meters", people, "--tariffs", tariffs).exit_code == 0
    assert "people.csv" not in refused(vend(purchases))


def test_a_report(vend: Vend, tmp_path: Path) -> None:
    """With --html the page is written, its folder made, and its path told."""
    page = tmp_path / "new" / "folder" / "r.html"
    answer = vend(world(tmp_path, BUY), "--html", page)
    assert answer.stdout.endswith(f"Report: {page}\n")
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_same_again(environment: dict[str, str], tmp_path: Path) -> None:
    """Another run, with another seed for Python's hashes, sells nothing, and prints the same."""
    seen = []
    for seed in ("1", "2"):
        page = tmp_path / "r.html"
        more = ["--html", str(page), "--data", str(tmp_path / "kept")]
        command = [*COMMAND, str(EXAMPLES / "purchases.csv"), *more]
        environment |= {"PYTHONHASHSEED": seed}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True, text=True)
        seen.append((done.stdout, page.read_bytes()))
    (first, page_before), (second, page_after) = seen
    told = "48 of them were done by an earlier run: the same digits again, and nothing charged.\n"
    assert told not in first
    assert second.replace(told, "") == first
    assert page_before == page_after


def test_many_names(vend: Vend, tmp_path: Path) -> None:
    """Of very many refusals and poor households the summary names some and counts the rest."""
    homes = HOUSEHOLDS.splitlines()[:1]
    homes += [
        f"{number:010}{check},N{number},blocks,7,201457,1,01,modest,,,0"
        for number, check in zip(*drns(30), strict=True)
    ]
    answer = vend(
        world(tmp_path, *[f"P{n},2025-07-03T08:00Z,{ANNA},buy,9" for n in range(25)], households="\n".join(homes))
    )
    assert "  and 5 more, each with its reason above\n" in answer.stdout
    assert "  and 10 more\n" in answer.stdout


def drns(count: int) -> tuple[list[int], list[int]]:
    """Numbers of meters and their check digits."""
    numbers = [100_000_000 + it for it in range(count)]
    return numbers, [luhn(str(number)) for number in numbers]


def luhn(digits: str) -> int:
    """The Luhn check digit."""
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits))]
    return -sum(it // 10 + it % 10 for it in doubled) % 10


def test_figures_that_do_not_meet(vend: Vend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If meters forget the tokens they took, the proof fails, is marked, and the command ends with 1."""
    monkeypatch.setattr(TidMemory, "remember", lambda self, _tid: self)  # a meter with a fault in its memory
    answer = vend(world(tmp_path, BUY))
    assert answer.exit_code == 1
    assert "✗ Typed once more at the end, so many tokens work again: 1 ≠ 0" in answer.stdout


# ------------------------------------------------------------------------------------------------- hostile surroundings


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "purchases.csv line 1: it has no column id, time, meter, action, value"),
        (PURCHASE_HEADER.encode(), "purchases.csv: it holds no purchase"),
        (b"\xff\xfe", "purchases.csv: byte 0 is not UTF-8 text"),
        (b"\x00" * 100, "it has no column"),
        (b"x" * 16_000_001, "it is larger than 16,000,000 bytes"),
        (f"{PURCHASE_HEADER}\n=cmd(),,,,\n".encode(), "no line of it can be read"),
        (f'{PURCHASE_HEADER}\n"P1\n'.encode(), "its quotation marks are wrong"),
        (f"{PURCHASE_HEADER},id\n".encode(), "it has column id twice"),
        (f"{PURCHASE_HEADER}\n{'9' * 10_000}\n".encode(), "it has 10,000 characters"),
    ],
)
def test_a_hostile_file(vend: Vend, tmp_path: Path, content: bytes, problem: str) -> None:
    """A file that holds nothing to sell is refused in words."""
    path = world(tmp_path)
    path.write_bytes(content)
    assert problem in refused(vend(path))


@pytest.mark.parametrize("name", ["missing.csv", "tariffs"])
def test_no_file(vend: Vend, tmp_path: Path, name: str) -> None:
    """A path without a file, or with a folder, is refused by its name."""
    world(tmp_path, BUY)
    assert name in refused(vend(tmp_path / name))


@pytest.mark.parametrize("missing", ["meters.csv", "tariffs"])
def test_nothing_beside(vend: Vend, tmp_path: Path, missing: str) -> None:
    """Where a file or a folder that belongs beside the purchases is missing, its name is told."""
    path = world(tmp_path, BUY)
    (tmp_path / missing).rename(tmp_path / "gone")
    assert missing in refused(vend(path))


@pytest.mark.parametrize("page", ["purchases.csv/r.html", "tariffs", "r" * 300, "loop/r.html"])
def test_a_page_that_can_not_be_written(vend: Vend, tmp_path: Path, page: str) -> None:
    """A report that can't be written is refused before anything is sold."""
    path = world(tmp_path, BUY)
    (tmp_path / "loop").symlink_to("loop")
    answer = vend(path, "--html", tmp_path / page)
    assert "html" in refused(answer)
    assert answer.stdout == ""


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_locked(vend: Vend, tmp_path: Path) -> None:
    """A report in a folder that nobody may write to is refused before anything is sold."""
    path = world(tmp_path, BUY)
    tmp_path.chmod(0o500)
    answer = vend(path, "--html", tmp_path / "r.html")
    tmp_path.chmod(0o700)
    assert "can't be written" in refused(answer)
    assert answer.stdout == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_disk_that_is_full(vend: Vend, tmp_path: Path) -> None:
    """When the report can't be written in the end, all receipts have been shown before it is said."""
    answer = vend(world(tmp_path, BUY), "--html", "/dev/full")
    assert "No space left on device" in refused(answer)
    assert "SGC 201457" in answer.stdout
    assert "✓ ZAR" in answer.stdout


def test_markup_in_names(vend: Vend, tmp_path: Path) -> None:
    """Brackets in names are printed as they are, whatever they would mean to a printer of colours."""
    people = HOUSEHOLDS.replace(",Ben,", ",[/bold] [red]Ben,")
    answer = vend(world(tmp_path, f"[/],2025-07-03T08:00Z,{BEN},buy,0", households=people))
    assert answer.exit_code == 0
    assert "[/bold] [red]Ben, meter" in answer.stdout
    assert "line 2 [/]: money" in answer.stdout


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_terminal_of_another_age(environment: dict[str, str], tmp_path: Path, encoding: str) -> None:
    """A terminal that can't write a letter gets something else in its place, and no traceback."""
    path = world(tmp_path, BUY, households=HOUSEHOLDS.replace(",Anna,", ",नीता,"))
    environment |= {"PYTHONIOENCODING": encoding}
    answer = subprocess.run(
        [*COMMAND, str(path), "--data", str(tmp_path / "kept")], env=environment, capture_output=True, check=True
    )
    assert answer.stdout.count(b"SGC 201457") == 1
    assert answer.stderr == b""


def test_a_file_name_of_another_age(environment: dict[str, str], tmp_path: Path) -> None:
    """A file name that is no text stops nothing."""
    path = world(tmp_path, BUY, "?")
    odd = os.fsencode(tmp_path) + b"/\xff.csv"
    path.rename(Path(os.fsdecode(odd)))
    command = [
        *map(os.fsencode, COMMAND),
        odd,
        b"--html",
        os.fsencode(tmp_path / "r.html"),
        b"--data",
        os.fsencode(tmp_path / "kept"),
    ]
    environment |= {"PYTHONUTF8": "1"}
    answer = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert b"?.csv line 3" in answer.stdout
    assert "?.csv" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_a_reader_that_leaves(environment: dict[str, str], tmp_path: Path) -> None:
    """Piped into a reader that leaves early, the command ends without a word."""
    path = world(tmp_path, *[f"P{n},2025-07-03T08:00Z,{ANNA},buy,9.00" for n in range(30)])
    with subprocess.Popen(
        [*COMMAND, str(path), "--data", str(tmp_path / "kept")],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        run.stdout.read(10)
        run.stdout.close()
        assert run.stderr.read() == b""
    assert run.returncode == 1


def test_piped_width(vend: Vend, tmp_path: Path) -> None:
    """Piped into a file, the table is as wide as it needs and no wider than a page."""
    answer = vend(world(tmp_path, BUY), "--quiet")
    table = answer.stdout.splitlines()[:6]
    assert max(map(len, table)) <= PIPED_WIDTH


def test_charts_only_for_a_report(environment: dict[str, str], tmp_path: Path) -> None:
    """Without --html nothing that draws or fills in pages is loaded."""
    path = world(tmp_path, BUY)
    heavy = "print([name for name in ('jinja2', 'matplotlib') if name in sys.modules])"
    program = f"import sys; from umbane.cli import main; main(sys.argv[1:], standalone_mode=False); {heavy}"
    for more, loaded in (([], "[]"), (["--html", str(tmp_path / "r.html")], "['jinja2', 'matplotlib']")):
        arguments = ["vend", str(path), "--data", str(tmp_path / "kept"), *more]
        command = [sys.executable, "-c", program, *arguments]
        answer = subprocess.run(command, env=environment, capture_output=True, check=True, text=True)
        assert answer.stdout.splitlines()[-1] == loaded


def test_files_before_the_books(vend: Vend, tmp_path: Path) -> None:
    """Files that are wrong are refused before any book is opened, and nothing is kept of them."""
    path = world(tmp_path, BUY)
    write(tmp_path / "meters.csv", "x")
    refused(vend(path))
    assert not (tmp_path / "kept").exists()


def test_a_folder_that_can_not_be_kept(vend: Vend, tmp_path: Path) -> None:
    """Where the security module's folder can't be made, that is said in words."""
    path = world(tmp_path, BUY)
    write(tmp_path / "kept", "a file")
    assert "kept" in refused(vend(path))


def test_a_wrong_line_of_households(vend: Vend, tmp_path: Path) -> None:
    """A wrong line of households stops everything, by file, line and column."""
    path = world(tmp_path, BUY)
    write(tmp_path / "meters.csv", HOUSEHOLDS.replace(",family,", ",castle,"))
    assert "error: meters.csv line 2, load: 'castle' is no load; give one of" in refused(vend(path))
