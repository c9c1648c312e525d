"""`umbane meter NUMBER`: a sitting at the virtual twin of a meter in the registry."""

import asyncio
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from tests.registry.town import KEY, Town, build, meter, revision
from umbane.cli import main
from umbane.cli.meter.town import sitting_at
from umbane.db import Server, open_database
from umbane.registry import Realm, SupplyGroup, add_key_revisions, add_meters, add_supply_groups, key_parameters
from umbane.security import published_key
from umbane.sts import EA, SGC, TID, Credit, DecoderKey, EncodedToken, Service, derive, encode


@pytest.fixture
def town(place: Server) -> Town:
    """A small town, whose database is closed again."""

    async def make() -> Town:
        async with open_database(place) as database:
            built = await build(database, "seaview", 1)
            await built.does(add_supply_groups, [SupplyGroup(SGC(654321), "real", Realm.PRODUCTION)])
            await built.does(add_key_revisions, [revision(sgc=SGC(654321), realm=Realm.PRODUCTION, module_key="hsm")])
            await built.does(add_meters, [meter(3001, key=key_parameters(654321, 1, 1, 2, 2014, 255))])
            return built

    return asyncio.run(make())


def sit(place: Server, *words: str, keys: str = "07\n") -> Result:
    """Sit down, type lines, and leave."""
    return CliRunner().invoke(main, ["meter", *words], input=keys, env={"UMBANE_DATABASE_URL": place.url})


def number_of(town: Town) -> str:
    """The number of the town's meter."""
    return str(town.meter.pan.drn)


def token_for(town: Town, units: int) -> EncodedToken:
    """A token for the town's meter, sold now."""
    key: DecoderKey = derive(published_key(KEY.sgc, KEY.krn).key, town.meter.pan, KEY.ti, EA.STA)
    return encode(Credit(Service.ELECTRICITY, units, tid=TID.at(datetime.now(UTC), key.base_date), rnd=3), key)


def test_a_sitting(place: Server, town: Town) -> None:
    """A token is taken in one sitting, and known in the next, which goes on where the first one ended."""
    token = token_for(town, 300).grouped
    first = sit(place, number_of(town), keys=f"{token}\n+1h\n")
    assert first.exit_code == 0, first.output
    assert "virtual twin of a meter in the registry" in " ".join(first.output.split())
    assert "Accepted: 30.0 kWh of electricity." in first.output
    second = sit(place, number_of(town), keys=f"{token}\nregisters\n")
    assert "Already used" in second.output
    assert "29.9" in second.output


@pytest.mark.parametrize("line", ["buy 10", "office test", "office key", "office limit 10", "save meter.json"])
def test_nothing_is_sold_here(
    place: Server, town: Town, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens of such a meter come from its utility alone, and no file is written of it."""
    monkeypatch.chdir(tmp_path)
    assert "nobody sells tokens for this meter here" in sit(place, number_of(town), keys=f"{line}\n").output
    assert list(tmp_path.iterdir()) == []


def test_two_at_one_keypad(place: Server, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who typed while somebody else was there goes on with the meter as the other one left it."""
    monkeypatch.setenv("UMBANE_DATABASE_URL", place.url)
    console = Console(file=StringIO(), width=100)
    token = token_for(town, 300)
    with (
        sitting_at(number_of(town), None, console, "umbane") as (mine, keeper),
        sitting_at(number_of(town), None, console, "umbane") as (theirs, other),
    ):
        theirs.press([*token.digits, "E"])
        other.keep(theirs)
        mine.press("07E")
        keeper.keep(mine)
        assert mine.meter.credit() == 300
    assert "Somebody else was at this keypad" in console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("00001151158", "no utility here has it"),
        ("00001151159", "the last digit"),
        ("12", "has 2 characters"),
        ("x", "x"),
    ],
)
@pytest.mark.usefixtures("town")
def test_no_such_meter(place: Server, number: str, words: str) -> None:
    """A number that nobody has, or that is none, is refused in words."""
    answer = sit(place, number)
    assert answer.exit_code == 2
    assert words in answer.stderr
    assert "Traceback" not in answer.output


def test_a_meter_of_two(place: Server, town: Town) -> None:
    """A number that two utilities have names none of them."""

    async def add() -> None:
        async with open_database(place) as database:
            other = await build(database, "hilltop", 2)
            await other.does(add_meters, [meter(1001)])

    asyncio.run(add())
    assert "several utilities have it" in sit(place, number_of(town)).stderr


@pytest.mark.usefixtures("town")
def test_a_meter_of_the_field(place: Server) -> None:
    """A meter whose key is of the production realm has no virtual twin."""
    answer = sit(place, str(meter(3001).pan.drn))
    assert answer.exit_code == 2
    assert "has no key of the test realm" in answer.stderr


@pytest.mark.parametrize(
    "more", [["--form", "three"], ["--ea", "11"], ["--mode", "time"], ["--start", "2026-01-01"], ["--load", "x"]]
)
def test_options_of_a_new_meter(place: Server, town: Town, more: list[str]) -> None:
    """A meter that is there already isn't made in another way."""
    answer = sit(place, number_of(town), *more)
    assert answer.exit_code == 2
    assert "a meter with a number is as it is" in answer.stderr


def test_a_folder_without_a_number(place: Server) -> None:
    """A demonstration's folder says nothing of which meter is meant."""
    answer = sit(place, "--data", "out/demo")
    assert answer.exit_code == 2
    assert "give its number too" in answer.stderr


def test_a_folder_without_a_demonstration(place: Server, tmp_path: Path) -> None:
    """Where no demonstration is, none is made."""
    answer = sit(place, "00001011014", "--data", str(tmp_path))
    assert answer.exit_code == 2
    assert "there is no database in" in answer.stderr
    assert list(tmp_path.iterdir()) == []
