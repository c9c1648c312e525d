"""`umbane demo`: what a newcomer sees, what a second run finds, and what it says when it can't go on."""

import asyncio
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.database import quick_folder
from tests.project.tree import ROOT
from tests.simulation.test_report import Page
from umbane.cli import main
from umbane.cli.books import CLAIMS
from umbane.cli.places import of_another_age
from umbane.db import Server, connected, open_database
from umbane.errors import UmbaneError

UMBANE = [sys.executable, "-m", "umbane"]
TOWN = ROOT / "examples" / "utility"
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT / "src")}
CALL = """
import sys, urllib.request
url, key, body = sys.argv[1:]
headers = {"Authorization": key, "Content-Type": "application/json"}
with urllib.request.urlopen(urllib.request.Request(url, body.encode(), headers)) as answer:
    print(answer.read().decode())
"""
"""What curl does with the words of the command that is printed; a process of its own may reach the loopback."""


@dataclass(frozen=True)
class Demonstration:
    """A folder with a demonstration, and what its first day printed."""

    data: Path
    printed: str

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Go on with it."""
        return demo("--once", "--data", str(self.data), *options)


def demo(*options: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    command = [*UMBANE, "demo", "--town", str(TOWN), *options]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)


def tried(*options: str | Path) -> Result:
    """Run the command in this process: for what can't begin."""
    return CliRunner().invoke(main, ["demo", *map(str, options)])


@pytest.fixture(scope="module")
def begun() -> Iterator[Demonstration]:
    """Give a demonstration after its first day."""
    folder = quick_folder()
    done = demo("--once", "--data", str(folder / "demo"), "--html", str(folder / "new" / "page.html"))
    assert done.returncode == 0, done.stdout + done.stderr
    yield Demonstration(folder / "demo", done.stdout)
    shutil.rmtree(folder)


def plain(line: str) -> str:
    """A line without what is another one in each run: figures, and where things are."""
    figures = re.sub(r"\d+", "#", line.strip())
    return re.sub(r"\s+", " ", re.sub(r"\S*/(\w+(\.log)?)$", r"\1", figures))


def curls(printed: str) -> list[list[str]]:
    """The words of the calls that are printed to be copied."""
    return [shlex.split(line) for line in printed.splitlines() if line.startswith("curl ")]


def call(words: list[str], body: dict[str, object] | None = None) -> Any:  # noqa: ANN401 - any JSON
    """Do what a call says, with another body if need be."""
    url, key = words[2], next(it for it in words if it.startswith("Authorization: ")).removeprefix("Authorization: ")
    content = words[words.index("-d") + 1] if body is None else json.dumps(body)
    done = subprocess.run([sys.executable, "-c", CALL, url, key, content], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


# ------------------------------------------------------------------------------------------------------------ all well


def test_the_readme_shows_what_happens(begun: Demonstration) -> None:
    """Every line that the README shows of the main job is printed by it, in that order; digits and places apart."""
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"begin -->\n```text\n(.*?)\n```\n<!-- ", page, re.DOTALL)[0].splitlines()
    printed = iter([plain(line) for line in begun.printed.splitlines()])
    told = [line for line in shown if line not in {"", "..."}]
    assert [line for line in told if plain(line) not in printed] == []


def test_the_first_day(begun: Demonstration) -> None:
    """The first day holds: every proof is shown to hold, and the rarities of a day are there."""
    assert "✗" not in begun.printed
    assert begun.printed.count("✓") == 13
    assert f"demo --stay --data {begun.data}`" in begun.printed
    for rarity in ("a reply got lost", "key changed", "float_exhausted", "wrong_check_digit", "below_minimum"):
        assert rarity in begun.printed.lower()


def test_no_secrets_in_the_log(begun: Demonstration) -> None:
    """The log of the API holds a line for each request, and no key, no token and no customer."""
    log = (begun.data / "api.log").read_text(encoding="utf-8")
    diary = json.loads((begun.data / "diary.json").read_text(encoding="utf-8"))
    digits = re.findall(r"\d{4}(?: \d{4}){4}", begun.printed)
    assert digits
    assert log.count("\n") > 500
    assert [it for it in digits if it.replace(" ", "") in log] == []
    assert [it for it in diary["keys"].values() if it in log] == []
    assert "Mokoena" not in log
    assert (begun.data / "diary.json").stat().st_mode & 0o077 == 0


def test_the_page(begun: Demonstration) -> None:
    """The page stands alone: sound HTML with every proof, every refusal and every slip, and three charts in words."""
    text = (begun.data.parent / "new" / "page.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.open == []
    assert not re.search(r"url\((?!#)|@import|<script|<link|<iframe|href=\"(?!#)|src=", text)
    assert page.words.count("✓") == 7 + len(CLAIMS)
    assert "✗" not in page.words
    assert len([it for it in page.seen if it[0] == "svg"]) == 3
    assert all(it[1].get("aria-label") for it in page.seen if it[0] == "figure")
    assert set(re.findall(r"\d{4}(?: \d{4}){4}", begun.printed)) <= set(re.findall(r"\d{4}(?: \d{4}){4}", page.words))
    assert "float_exhausted" in page.words


def test_it_stays_up_to_be_tried(begun: Demonstration) -> None:
    """The next day is traded; then the calls that are printed buy a token and type it in, and Ctrl+C ends it calmly."""
    command = [*UMBANE, "demo", "--stay", "--data", str(begun.data), "--purchases", "20"]
    with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        printed = ""
        try:
            while "The whole API: " not in printed:
                line = running.stdout.readline()
                assert line, printed
                printed += line
            assert re.search("✓ Day [0-9]+: [0-9]+ errands at 8 tills", printed)
            assert "✗" not in printed
            try_it(begun, printed)
        finally:  # whatever was found: it mustn't stay up for ever
            running.send_signal(signal.SIGINT)
            said = running.stdout.read()
        assert "it goes on with the next day" in said
    assert running.returncode == 0


def try_it(begun: Demonstration, printed: str) -> None:
    """Do what is printed to be tried, and something that can't be done meanwhile."""
    buying, typing = curls(printed)
    sale, again = call(buying), call(buying)
    assert again == sale | {"repeated": True}
    log = (begun.data / "api.log").read_text(encoding="utf-8").splitlines()
    assert [json.loads(it)["status"] for it in log[-2:]] == [201, 200], "the log is written line by line"
    (token,) = sale["tokens"]
    seen = call(typing, {"keys": token["digits"]})
    assert (seen["accepted"], seen["credit"]) == (True, seen["credit_before"] + token["units"])
    other = demo("--once", "--data", str(begun.data))
    assert (other.returncode, "Traceback" in other.stderr) == (2, False)
    assert "another process" in other.stderr
    port = buying[2].split(":")[2].split("/")[0]
    taken = demo("--once", "--data", str(begun.data.with_name("elsewhere")), "--port", port)
    assert "another program listens" in taken.stderr
    sitting = [*UMBANE, "meter", "00001011014", "--data", str(begun.data)]
    keys = f"{token['digits']}\nbuy 10\noffice test\nsave x\n+1h\n"
    done = subprocess.run(sitting, env=ENVIRONMENT, input=keys, capture_output=True, text=True, check=True)
    assert "Already used: this token was typed into this meter before." in done.stdout
    assert done.stdout.count("nobody sells tokens for this meter here") == 3
    used = call(typing, {"keys": token["digits"]})
    assert (used["accepted"], used["result"]) == (False, "UsedError")
    assert used["credit"] < seen["credit"], "an hour of light at the keypad costs what it costs here"


def test_a_day_that_was_broken_off(begun: Demonstration) -> None:
    """A day that wasn't noted as ended is replayed: everything is sold as it was, and nothing is sold again."""
    diary = json.loads((begun.data / "diary.json").read_text(encoding="utf-8"))
    (begun.data / "diary.json").write_text(json.dumps(diary | {"day": 1, "ended": False}), encoding="utf-8")
    again = begun.run()
    assert again.returncode == 0, again.stdout
    first, second = (
        re.findall(r"What the tills took.*|\d{4}(?: \d{4}){4}", it) for it in (begun.printed, again.stdout)
    )
    assert first == second
    assert json.loads((begun.data / "diary.json").read_text(encoding="utf-8"))["ended"] is True


def test_a_surprise() -> None:
    """Where something comes out otherwise than it has to, that is said, the proof fails, and the exit code is 1."""
    folder = quick_folder()
    town = shutil.copytree(TOWN, folder / "town")
    text = (town / "utility.yaml").read_text(encoding="utf-8")
    (town / "utility.yaml").write_text(text.replace("credit_limit: 500.00", "credit_limit: 900000.00"), "utf-8")
    done = demo("--once", "--data", str(folder / "data"), "--town", str(town), "--purchases", "10")
    shutil.rmtree(folder)
    assert done.returncode == 1
    assert "the answer was a sale" in done.stdout
    assert "✗ Every errand ended as it had to: 31 ≠ 32" in done.stdout


# ---------------------------------------------------------------------------------------------------- what can't begin


def test_a_folder_with_other_things(tmp_path: Path) -> None:
    """A folder that holds other things is left alone, with --fresh too."""
    (tmp_path / "letter.txt").write_text("dear", encoding="utf-8")
    for options in ([], ["--fresh"]):
        answer = tried("--data", tmp_path, "--town", TOWN, *options)
        assert answer.exit_code == 2
        assert "holds other things" in answer.stderr
    assert [it.name for it in tmp_path.iterdir()] == ["letter.txt"]


def test_no_town(tmp_path: Path) -> None:
    """A folder without a utility's file is named, and nothing is made; what is there is forgotten for a town only."""
    for options in ([], ["--fresh"]):
        answer = tried("--data", tmp_path / "data", "--town", tmp_path, *options)
        assert answer.exit_code == 2
        assert f"{tmp_path} holds no utility.yaml" in answer.stderr
        assert not (tmp_path / "data").exists()
    (tmp_path / "diary.json").write_text("x", encoding="utf-8")
    tried("--data", tmp_path, "--town", tmp_path, "--fresh")
    assert (tmp_path / "diary.json").exists()


def test_a_database_of_another_age(place: Server, tmp_path: Path) -> None:
    """Where the tables are another Umbane's, the way out is told; the books of a real database have none but theirs."""
    for own in (True, False):
        with pytest.raises(UmbaneError, match="begin again" if own else "install a released Umbane"):
            asyncio.run(opened_with_another_text(place, own=own))
    assert list(tmp_path.iterdir()) == []


async def opened_with_another_text(place: Server, *, own: bool) -> None:
    """Open a database one of whose migrations was another one when it was applied."""
    async with connected(place.as_owner()) as database:
        await database.run(lambda tx: tx.execute("UPDATE db.migration SET checksum = repeat('0', 64)"))
    with of_another_age("begin again") if own else nullcontext():
        async with open_database(place, migrating=True):
            pass


@pytest.mark.parametrize("text", ["", "{}x", "[]", '{"format": "other"}', '{"days": 1}'])
def test_a_diary_of_another_age(tmp_path: Path, text: str) -> None:
    """A diary that can't be read stops it, in words; --fresh removes what is there and nothing else."""
    (tmp_path / "diary.json").write_text(text, encoding="utf-8")
    (tmp_path / "api.log").write_text("", encoding="utf-8")
    (tmp_path / "mine.txt").write_text("", encoding="utf-8")
    answer = tried("--data", tmp_path, "--town", TOWN)
    assert answer.exit_code == 2
    assert "start again with --fresh" in answer.stderr
    assert "holds other things" in tried("--data", tmp_path, "--town", TOWN, "--fresh").stderr
    assert [it.name for it in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    "options",
    [["--port", "0"], ["--port", "http"], ["--purchases", "9"], ["--data", __file__], ["--html", f"{__file__}/r"]],
)
def test_an_option_that_can_not_be(options: list[str]) -> None:
    """A value that can't be is refused by its option."""
    answer = tried(*options)
    assert answer.exit_code == 2
    assert options[0] in answer.stderr
