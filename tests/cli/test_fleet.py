"""The fleet, by commands."""

import asyncio
import csv
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from tests.cli.calls import call, done, refused
from tests.registry.town import Town, build, meter, pan
from tests.vending.shop import set_float
from umbane.db import Server, open_database
from umbane.registry import Operator, Role, add_meters, add_operator, block_operator, operator_by_name

MODELS = """
models:
  - {name: Blue 3, maker: Blue Meters, code: "07", form: pole, phases: 3, volts: 230, amperes: 80, communication: G3}
  - {name: Red 1, maker: Red Meters, code: "0123", form: bs, phases: 1, volts: 230, amperes: 100}
evidence:
  - {model: Blue 3, kind: sts_certificate, number: S-1, issuer: STS, valid_from: 2020-01-01, firmware: ["1.0"]}
  - {model: Blue 3, kind: national_approval, number: N-1, issuer: NRS, valid_from: 2020-01-01, valid_until: 2099-01-01}
  - {model: Blue 3, kind: warranty, number: W-1, issuer: Blue, valid_from: 2020-01-01, months: 600, words: all parts}
"""
OLD, NEW = str(pan(1001).drn), str(pan(7001).drn)
EVENTS = f"""
- id: wo-1
  at: 2026-03-12T08:00:00+02:00
  reason: delivery 77
  deed: {{kind: stock, meter: "{NEW}", model: Blue 3, firmware: "1.0", sgc: 123456, krn: 1, ti: 1}}
- id: wo-2
  at: 2026-03-12T09:00:00+02:00
  reason: display dead
  deed:
    kind: replace
    meter: "{OLD}"
    by: "{NEW}"
    cause: display
    closing: 123
    terminal: V-1/T-1
    site: {{checks: {{wiring: true, relay: true, display: true, test_token: true}}}}
"""


@pytest.fixture
def town(place: Server) -> Town:
    """Give a utility with an engineer, a supervisor, and somebody who may not work there."""

    async def make() -> Town:
        async with open_database(place) as opened:
            town = await build(opened, "seaview", 1)
            await set_float(town, 10_000_000)
            people = {"themba": Role.ENGINEER, "anneke": Role.SUPERVISOR, "yusuf": Role.SUPERVISOR}
            for name, role in people.items():
                await town.does(add_operator, Operator(meter(1).id, name, name.title(), frozenset({role})))
            gone = await town.reads(operator_by_name, "yusuf")
            await town.does(block_operator, gone.id, blocked=True, reason="left")
            await town.does(add_meters, [meter(9_001, model="Blue 3")])
            return town

    return asyncio.run(make())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give a file with models."""
    path = tmp_path / "models.yaml"
    path.write_text(MODELS, encoding="utf-8")
    return path


def told(tmp_path: Path, text: str) -> Path:
    """A file that tells something."""
    path = tmp_path / "events.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.usefixtures("town")
def test_models(place: Server, file: Path) -> None:
    """Models are added with their papers and listed with what isn't shown of them."""
    assert "unknown model: the model is not in the catalogue: a warning" in done(place, "fleet", "models")
    assert "There are no papers yet" in done(place, "fleet", "evidence")
    assert "There is no model yet" in done(place, "fleet", "suppliers")
    assert done(place, "fleet", "add", file).startswith("Added 2 models and 3 papers.")
    listed = done(place, "fleet", "models")
    assert "Red 1: STS certificate: there is none: no installation" in listed
    assert "3 × 230 V" in listed
    papers = done(place, "fleet", "evidence", "Blue 3")
    assert "warranty" in papers
    assert papers.count("holds") == 3
    assert "there is no Green" in refused(place, "fleet", "evidence", "Green")
    assert "in the catalogue already" in refused(place, "fleet", "add", file)
    assert "Blue Meters" in done(place, "fleet", "suppliers")


def test_nobody(place: Server) -> None:
    """Where there is no utility the first step is told; where it has nothing, the next."""
    assert "umbane registry import utility FILE" in refused(place, "fleet", "models")


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "other parts than models and evidence"),
        ("- 1", "other parts"),
        ("{models: [], prices: []}", "other parts"),
        ("{models: [{name: Blue}]}", "maker"),
        ("{models: [{name: Blue, maker: B, code: 07, form: bs, phases: 1, volts: 1, amperes: 1}]}", "code"),
        ("{evidence: [{model: Blue, kind: luck}]}", "luck"),
        ("{a: [", "it is no YAML"),
    ],
)
def test_no_models(place: Server, tmp_path: Path, text: str, words: str) -> None:
    """A file that says something else is refused with where it does."""
    assert words in refused(place, "fleet", "add", told(tmp_path, text))


@pytest.mark.usefixtures("town")
def test_a_policy(place: Server, file: Path, tmp_path: Path) -> None:
    """What a policy refuses to sell to is blocked and let go by the same command."""
    done(place, "fleet", "add", file)
    policy = json.loads(done(place, "fleet", "policy"))
    assert policy["rules"]["sts_certificate"] == {"lack": "refuse_installation", "expiry": "refuse_installation"}
    new = tmp_path / "policy.json"
    new.write_text(json.dumps(policy | {"unknown_model": "refuse_vending"}), encoding="utf-8")
    assert "no reason is given" in refused(place, "fleet", "policy", "--set", new)
    done(place, "fleet", "policy", "--set", new, "--reason", "only what is known")
    assert "1 meters would be blocked. Nothing was changed." in done(place, "fleet", "enforce", "--dry-run")
    blocked = done(place, "fleet", "enforce")
    assert "unknown model: 1 hang: the model is not in the catalogue" in blocked
    assert "1 meters blocked, 0 let go." in blocked
    assert "no sale" in done(place, "fleet", "models")
    new.write_text("{}", encoding="utf-8")
    done(place, "fleet", "policy", "--set", new, "--reason", "as it was")
    assert done(place, "fleet", "enforce") == "0 meters blocked, 1 let go.\n"


@pytest.mark.usefixtures("town")
def test_withdrawn(place: Server, file: Path) -> None:
    """A paper that is withdrawn says so, once."""
    done(place, "fleet", "add", file)
    words = ("fleet", "withdraw", "Blue 3", "sts_certificate", "S-1", "--since", "2026-01-01", "--reason", "recalled")
    assert "Blue 3: STS certificate S-1 doesn't count from 2026-01-01 on." in done(place, *words)
    assert "withdrawn" in done(place, "fleet", "evidence")
    assert "already" in refused(place, *words)
    assert "Invalid value" in refused(place, "fleet", "withdraw", "Blue 3", "luck", "S-1", *words[5:])


@pytest.mark.usefixtures("town")
def test_foresight(place: Server, file: Path, tmp_path: Path) -> None:
    """What ends is told by model and area, with a list to go round with."""
    done(place, "fleet", "add", file)
    assert done(place, "fleet", "foresight", "--days", "1") == "Nothing ends within 1 days.\n"
    known, year = tmp_path / "units.csv", datetime.now(UTC).year
    known.write_text(f"meter,firmware,delivered\n{pan(9_001).drn},1.0,{year - 49}-01-01\n", encoding="utf-8")
    assert done(place, "fleet", "units", known) == "1 meters described.\n"
    text = f"""
id: wo-1
at: 2026-03-12T08:00:00+02:00
reason: instead of the old one
deed: {{kind: replace, meter: "{OLD}", by: "{pan(9_001).drn}", cause: relay, closing: 0,
       site: {{checks: {{wiring: true, relay: true, display: true, test_token: true}}}}}}"""
    assert "wo-1: replace" in done(place, "fleet", "tell", told(tmp_path, text))
    path = tmp_path / "due.csv"
    seen = done(place, "fleet", "foresight", "--days", "3650", "--list", path, "--area", "F1")
    assert re.search(rf"warranty +Blue 3 +F1 +1 +{year + 1}-01-01", seen)
    with path.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.reader(opened))
    assert rows[0][:3] == ["ends", "what", "meter"]
    assert rows[1][:4] == [f"{year + 1}-01-01", "warranty", pan(9_001).digits, "Blue 3"]
    assert "1 meters in" in seen
    assert "Nothing ends" in done(place, "fleet", "foresight", "--days", "3650", "--area", "F2")
    assert "can't be written" in refused(place, "fleet", "foresight", "--list", tmp_path / "nowhere" / "due.csv")


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "columns are others"),
        ("number\n1\n", "columns are others"),
        ("meter,colour\n1,blue\n", "columns are others"),
        (f"meter,model\n{OLD},Green\n", "there is no model Green"),
        ("meter\n12\n", "meter number"),
        (f"meter\n{pan(5).drn}\n", "there is no meter"),
        (f"meter,delivered\n{OLD},yesterday\n", "line 2, delivered"),
    ],
)
def test_no_units(place: Server, tmp_path: Path, text: str, words: str) -> None:
    """A table that says something else is refused with where it does."""
    assert words in refused(place, "fleet", "units", told(tmp_path, text))


@pytest.mark.usefixtures("town")
def test_events(place: Server, file: Path, tmp_path: Path) -> None:
    """What happened is told once, its credit carried over once, and everything can be read again."""
    done(place, "fleet", "add", file)
    events = told(tmp_path, EVENTS)
    first = done(place, "fleet", "tell", events)
    assert f"wo-2: replace, meter {OLD}: installed → removed\n" in first
    assert "next: umbane fleet carry wo-2" in first
    assert done(place, "fleet", "tell", events).count("(told before)") == 2
    assert "12.3 kWh to be" in " ".join(done(place, "fleet", "events", "--pending").split())
    module = ("--module", str(tmp_path / "module"), "--engineer", "themba")
    alone = call(place, "fleet", "carry", "wo-2", *module)
    assert (alone.exit_code, "approval_needed" in alone.output) == (1, True)
    one = done(place, "fleet", "carry", "wo-2", *module, "--agreed", "anneke")
    assert re.fullmatch(r"replacement  12\.3 kWh  (\d{4} ){4}\d{4}\n", one)
    assert done(place, "fleet", "carry", "wo-2", *module) == one
    assert done(place, "fleet", "carry", "wo-1", *module) == "Nothing is to be carried over.\n"
    assert "yusuf may not work here" in refused(place, "fleet", "carry", "wo-2", *module, "--agreed", "yusuf")
    assert "there is no operator" in refused(place, "fleet", "carry", "wo-2", *module, "--agreed", "zola")
    assert "there is no event" in refused(place, "fleet", "carry", "wo-9", *module)
    assert f"by {NEW}" in " ".join(done(place, "fleet", "events").split())
    assert done(place, "fleet", "events", "--kind", "scrap") == "No event was told that fits.\n"


@pytest.mark.usefixtures("town")
def test_histories(place: Server, file: Path, tmp_path: Path) -> None:
    """A meter is what it was at an instant, and a place knows what came and went."""
    done(place, "fleet", "add", file)
    done(place, "fleet", "tell", told(tmp_path, EVENTS))
    assert "remove: installed → removed" in done(place, "fleet", "history", OLD)
    then = done(place, "fleet", "history", NEW, "--at", "2026-03-12T10:00")
    assert f"Meter     {NEW}  (Blue 3)" in then
    assert "Customer  Thandi Mokoena, account 700-1" in then
    assert "Place     12 Church Street, Seaview" in then
    assert done(place, "fleet", "history", NEW, "--at", "2020-01-01") == "It wasn't known then.\n"
    assert f"replace: {OLD} by {NEW}" in done(place, "fleet", "place", "700-1")
    assert "there is no account" in refused(place, "fleet", "place", "700-9")
    assert "date" in refused(place, "fleet", "history", NEW, "--at", "yesterday")
    unknown = "00000000-0000-0000-0000-000000000000"
    assert done(place, "fleet", "place", unknown) == "No event was told of this place.\n"


@pytest.mark.usefixtures("town")
def test_a_mistake(place: Server, tmp_path: Path) -> None:
    """What was told by mistake is taken back by an event, and the list says so."""
    head = "at: 2026-03-12T08:00:00+02:00\nreason: seal broken\n"
    block = f'id: wo-1\n{head}deed: {{kind: block, meter: "{OLD}"}}\n'
    contra = f'id: wo-2\n{head}deed: {{kind: contra, meter: "{OLD}", event: wo-1}}\n'
    done(place, "fleet", "tell", told(tmp_path, block))
    done(place, "fleet", "tell", told(tmp_path, contra))
    assert "taken back by wo-2" in " ".join(done(place, "fleet", "events").split())
    assert done(place, "fleet", "history", OLD).count("(undone)") == 2


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ((OLD, "12"), "meter number"),
        (("kind: block", "kind: explode"), "explode"),
        ((f'"{OLD}"', OLD), "quotes"),
        (("id: wo-1", "id: '=1'"), "begins with ="),
        (("2026", "2999"), "still to come"),
        (("kind: block", "kind: unblock"), "would have to be blocked"),
    ],
)
def test_no_event(place: Server, tmp_path: Path, change: tuple[str, str], words: str) -> None:
    """What can't have happened is refused in words, and nothing is recorded."""
    event = {"id": "wo-1", "at": "2026-03-12T08:00:00+02:00", "reason": "seal broken"}
    text = f'{yaml.safe_dump(event)}deed: {{kind: block, meter: "{OLD}"}}\n'.replace(*change)
    assert words in refused(place, "fleet", "tell", told(tmp_path, text))
    assert done(place, "fleet", "events") == "No event was told that fits.\n"
