"""`umbane kmc`, as custodians and reviewers call it."""

from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner, Result

from tests.keycentre.support import CUSTODIANS, KEY, NOW, OFFICE, PEOPLE, SHOP, Room, ceremony, plan
from umbane.cli import main
from umbane.cli.kmc.terminal import CLEAR, TerminalDesk, require_memory
from umbane.errors import InputError
from umbane.keycentre import Held, load_centre, plan_hash

LATE = datetime(2044, 1, 1, tzinfo=UTC)
"""Later than these tests will be run, and before the base date of 2014 is over."""
STEPS = (
    {"do": "found", "threshold": 2, "custodians": CUSTODIANS},
    {
        "do": "generate", "key": KEY, "algorithm": "DKGA04", "base_date": 2014, "active_from": NOW, "expires": LATE,
    },
    {"do": "state", "key": KEY, "to": "active", "reason": "first"},
    {"do": "enrol", "card": SHOP.card.text().decode(), "fingerprint": SHOP.card.fingerprint},
    {"do": "audit", "module": "shop", "by": "Sipho", "report": "sound", "valid_until": LATE},
)  # fmt: skip


BEGIN = 3 * "herring\n" + 3 * "haddock\n"
"""Two people choose their words, and confirm that the hash is right."""


@pytest.fixture
def room() -> Room:
    """The people."""
    return Room()


@pytest.fixture
def held(tmp_path: Path, room: Room) -> Held:
    """A centre in a folder."""
    (tmp_path / "centre").mkdir()
    (tmp_path / "out").mkdir()
    held = ceremony(plan(*STEPS), room).hold()
    (tmp_path / "centre" / "centre.kmc").write_bytes(held.text)
    return held


def call(*words: str | Path, typed: str = "") -> Result:
    """Call a command."""
    return CliRunner(env={"COLUMNS": "110"}).invoke(main, ["kmc", *map(str, words)], input=typed)


def done(*words: str | Path, typed: str = "") -> str:
    """What a command says that does what it was asked for."""
    result = call(*words, typed=typed)
    assert result.exit_code == 0, result.output
    return result.output


def refused(*words: str | Path, typed: str = "") -> str:
    """What a command says that doesn't."""
    result = call(*words, typed=typed)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    return result.output


def written(path: Path, text: bytes) -> Path:
    """A file."""
    path.write_bytes(text)
    return path


def shares(room: Room, *names: str) -> str:
    """What custodians type: words, or the code."""
    first, second = names
    return f"{' '.join(room.shares[first].lines())}\n{room.shares[second].code()}\n"


def test_hash(tmp_path: Path, held: Held) -> None:
    """A reviewer gets the hash of a ceremony file, which a ceremony says again."""
    file = written(tmp_path / "c.yaml", plan({"do": "expire", "key": KEY, "ken": 200}, head=held.centre.head))
    *_, hash_ = done("hash", file).split()
    assert hash_ in done("rehearse", file, "--centre", tmp_path / "centre")


def test_a_wrong_file(tmp_path: Path) -> None:
    """A file that is no ceremony is refused with what is wrong in it, and one that isn't there by its name."""
    file = written(tmp_path / "c.yaml", plan({"do": "expire", "key": KEY, "ken": 300}))
    assert "steps.1.expire.ken" in refused("hash", file)
    assert "can't be read" in refused("hash", tmp_path / "none.yaml")
    assert "can't be read" in refused("rehearse", tmp_path)


def test_rehearse_a_founding(tmp_path: Path) -> None:
    """A founding is rehearsed without any folder."""
    said = done("rehearse", written(tmp_path / "c.yaml", plan(*STEPS)))
    assert said.startswith("THIS IS A REHEARSAL")
    assert [path.name for path in tmp_path.iterdir()] == ["c.yaml"]


def test_hold(tmp_path: Path, held: Held, room: Room) -> None:
    """A ceremony is held at a terminal: two words, two shares, two words for the step; and not a second time."""
    text = plan({"do": "expire", "key": KEY, "ken": 200}, head=held.centre.head)
    words: list[str | Path] = [
        "hold",
        written(tmp_path / "c.yaml", text),
        "--centre",
        tmp_path / "centre",
        "--out",
        tmp_path / "out",
    ]
    typed = BEGIN + shares(room, "Aisha Patel", "Thandi Nkosi") + "yes\nherring\nhaddock\n"
    said = done(*words, typed=typed)
    centre = load_centre(tmp_path / "centre")
    assert f"The centre stands at {centre.head}." in said
    assert said.count("That isn't the word of Thandi Nkosi.") == 1
    assert "herring" not in said
    assert centre.entries[-1].shares_of == ("Aisha Patel", "Thandi Nkosi")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"backup-0006.kmc", "transcript-0006.json"}
    for share in room.shares.values():
        assert share.lines()[2] not in said
    assert "1 more step" in refused(*words, typed=typed)


def test_a_no(tmp_path: Path, held: Held, room: Room) -> None:
    """A no ends the ceremony, and so does somebody who types the other's word; nothing was changed."""
    text = plan({"do": "expire", "key": KEY, "ken": 200}, head=held.centre.head)
    words: list[str | Path] = [
        "hold",
        written(tmp_path / "c.yaml", text),
        "--centre",
        tmp_path / "centre",
        "--out",
        tmp_path / "out",
    ]
    for answers in ("herring\nNo\n", "herring\n" + 3 * "herring\n"):
        typed = BEGIN + shares(room, *PEOPLE) + answers
        assert "Pieter Botha said no, and nothing was changed" in refused(*words, typed=typed)
    assert load_centre(tmp_path / "centre") == held.centre
    assert list((tmp_path / "out").iterdir()) == []


def test_status(tmp_path: Path, held: Held) -> None:
    """Anybody may see keys by their check values, modules by their cards, and the head; nobody's share is needed."""
    said = done("status", "--centre", tmp_path / "centre")
    key = held.centre.register().keys[KEY]
    for expected in (KEY, key.check, "active", "shop", "2044-01-01", *CUSTODIANS, held.centre.head):
        assert expected in said
    assert "can't be read" in refused("status", "--centre", tmp_path / "out")


@pytest.mark.parametrize(("do", "shown"), [("revoke", "revoked"), ("enrol", "never"), ("audit", "(over)")])
def test_status_of_modules(tmp_path: Path, held: Held, room: Room, do: str, shown: str) -> None:
    """A module that nothing is sent to is shown as what it is: revoked, never looked at, or not lately."""
    steps = {
        "revoke": (*STEPS, {"do": "revoke", "module": "shop", "reason": "lost"}),
        "enrol": STEPS[:4],
        "audit": (*STEPS[:4], STEPS[4] | {"valid_until": datetime(2026, 3, 3, tzinfo=UTC)}),
    }
    other = ceremony(plan(*steps[do]), room).hold()
    written(tmp_path / "centre" / "centre.kmc", other.text)
    assert shown in done("status", "--centre", tmp_path / "centre")
    assert other.centre.head != held.centre.head


def test_status_of_nothing(tmp_path: Path, room: Room) -> None:
    """A centre without keys and modules has a head all the same."""
    other = ceremony(plan(STEPS[0]), room).hold()
    written(tmp_path / "centre.kmc", other.text)
    said = done("status", "--centre", tmp_path)
    assert other.centre.head in said
    assert "module" not in said


def test_verify(tmp_path: Path, held: Held) -> None:
    """A transcript and a backup replay to the head on paper; with another head, or altered, they are refused."""
    head = held.centre.head
    for name, text in held.outputs.items():
        if name.endswith((".json", ".kmc")):
            file = written(tmp_path / name, text)
            said = done("verify", file, "--head", head)
            assert f"All 5 entries fit. The centre centre comes to the head {head}." in said
            assert "confirmed by Thandi Nkosi and Pieter Botha" in said
            assert f"A trial: ceremony file {plan_hash(plan(*STEPS))}" in said
            check = held.centre.register().keys[KEY].check
            assert f"The check value of {KEY} is {check[:2]} {check[2:4]} {check[4:]}." in said
            assert "Compare it with the paper" in done("verify", file)
            assert "an older copy" in refused("verify", file, "--head", "0000-" * 7 + "0000")
            assert "that is no head" in refused("verify", file, "--head", head[:-1])
            assert "altered" in refused("verify", written(tmp_path / "x", text.replace(b"Sipho", b"Simon")))


def test_drill_and_restore(tmp_path: Path, held: Held, room: Room) -> None:
    """Custodians prove that a backup opens, and put it into an empty folder; with one share twice they can't."""
    file, head = written(tmp_path / "backup", held.text), held.centre.head
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "The backup opens." in done("drill", file, "--head", head, typed=shares(room, *PEOPLE))
    twice = shares(room, PEOPLE[0], PEOPLE[0])
    assert "is there twice" in refused("restore", file, "--head", head, "--centre", empty, typed=twice)
    assert not (empty / "centre.kmc").exists()
    said = done("restore", file, "--head", head, "--centre", empty, typed=shares(room, *PEOPLE))
    assert f"stands at {head}" in said
    assert load_centre(empty) == held.centre


def test_compromise(tmp_path: Path, held: Held) -> None:
    """The answer to a compromise is drafted in one command, and rehearsed in one more."""
    words: list[str | Path] = ["compromise", KEY, "--centre", tmp_path / "centre", "--reason", "found"]
    text = done(*words, "--confirm", "Thandi Nkosi", "--confirm", "Pieter Botha")
    assert yaml.safe_load(text)["head"] == held.centre.head
    said = done("rehearse", written(tmp_path / "c.yaml", text.encode()), "--centre", tmp_path / "centre")
    assert "as many tokens as it takes" in said
    assert "confirming" in refused(*words, "--confirm", "Thandi Nkosi")
    assert "there is no key" in refused(words[0], "123456 2 VUDK", *words[2:], "--confirm", "A", "--confirm", "B")


def test_rotate(tmp_path: Path, held: Held) -> None:
    """The next revision of a key is drafted in one command, and rehearsed in one more; of no key there is none."""
    words: list[str | Path] = ["rotate", KEY, "--centre", tmp_path / "centre", "--reason", "five years"]
    text = done(*words, "--confirm", "Thandi Nkosi", "--confirm", "Pieter Botha", "--kwh", "7")
    assert [it["do"] for it in yaml.safe_load(text)["steps"]] == ["rotate", "state", "load", "campaign"]
    assert yaml.safe_load(text)["head"] == held.centre.head
    said = done("rehearse", written(tmp_path / "c.yaml", text.encode()), "--centre", tmp_path / "centre")
    assert "up to 100,000 tokens and 7.0 kWh in all" in said
    assert "there is no key" in refused(words[0], "123456 2 VUDK", *words[2:], "--confirm", "A", "--confirm", "B")


def test_enrol(tmp_path: Path, held: Held) -> None:
    """The step that takes a module in is written from its card, fits into a ceremony file, and no other file does."""
    step = done("enrol", written(tmp_path / "module.card", OFFICE.card.text()))
    head, _ = plan({"do": "expire", "key": KEY, "ken": 200}, head=held.centre.head).decode().split("steps:")
    file = written(tmp_path / "c.yaml", f"{head}steps:\n{step}".encode())
    assert f"  {OFFICE.card.fingerprint}\n" in done("rehearse", file, "--centre", tmp_path / "centre")
    assert "what is wanted is the umbane module card" in refused("enrol", written(tmp_path / "x", held.text))


def test_too_large(tmp_path: Path) -> None:
    """A file that is endless isn't read to its end."""
    file = tmp_path / "large"
    with file.open("wb") as opened:
        opened.truncate((1 << 24) + 1)
    assert "too large" in refused("verify", file)


def test_printing(tmp_path: Path, room: Room, held: Held) -> None:
    """A share may be printed: a page with its words and its code is there while it is, and nothing of it after."""
    share, seen = room.shares["Aisha Patel"], list[str]()
    assert held.centre.card.name == "centre"

    class Watching(TerminalDesk):
        """A desk that looks what is in the folder at each pause."""

        def pause(self, text: str) -> None:
            """Look, and go on."""
            assert text
            seen.extend(path.read_text() for path in tmp_path.glob("*.html"))

    Watching(tmp_path, "centre <1>").hand_over("Aisha & Patel", share)
    [page] = seen
    assert all(f"<li>{line}</li>" in page for line in share.lines())
    assert "<svg" in page
    assert "Aisha &amp; Patel" in page
    assert "centre &lt;1&gt;" in page
    assert list(tmp_path.glob("*.html")) == []


def test_handing_over(room: Room, held: Held) -> None:
    """A share is shown when everybody looked away, in words and as a code, and the screen is cleared behind it."""
    share = room.shares["Aisha Patel"]
    assert held.centre.register().custody

    @click.command()
    def show() -> None:
        """Show it."""
        TerminalDesk().hand_over("Aisha Patel", share)

    said = CliRunner().invoke(show, input="\n\n", color=True).output
    before, shown, after = said.split(CLEAR)
    assert "everybody but Aisha Patel looks away" in before
    for number, line in enumerate(share.lines(), 1):
        assert f"{number}. {line}" in shown
    assert shown.count("█") > 100
    assert not [line for line in share.lines() if line in before + after]


def test_words() -> None:
    """Whoever confirms chooses a word: long enough, nobody else's, and typed twice alike."""

    @click.command()
    def ask() -> None:
        """Ask both."""
        desk = TerminalDesk()
        answers = [desk.confirm(name, "Well?") for name in ("Aisha", "Pieter", "Aisha")]
        click.echo(f"{answers}")

    typed = "short\nherring\nherrink\nherring\nherring\nherring\n" + "herring\nhaddock\nhaddock\nhaddock\n" + "no\n"
    said = CliRunner().invoke(ask, input=typed).output
    assert said.endswith("[True, True, False]\n")
    assert said.count("too short, or somebody else's") == 2
    assert said.count("That was something else.") == 1


@pytest.mark.parametrize("moment", [1, 2, 3])
def test_interrupted(tmp_path: Path, room: Room, held: Held, moment: int) -> None:
    """Whoever breaks off while a share is shown or printed leaves a cleared screen, and no page."""
    assert held.text
    share = room.shares["Aisha Patel"]

    class Leaving(TerminalDesk):
        """A desk that somebody leaves at a pause."""

        left = moment

        def pause(self, text: str) -> None:
            """Go on, or break off."""
            assert text
            self.left -= 1
            if not self.left:
                raise click.Abort

    @click.command()
    def show() -> None:
        """Show it."""
        Leaving(tmp_path, "centre").hand_over("Aisha Patel", share)

    said = CliRunner().invoke(show, color=True).output
    assert list(tmp_path.glob("*.html")) == []
    assert share.lines()[0] not in said.rpartition(CLEAR)[2]
    assert (share.lines()[0] in said) == (moment > 1)


def test_a_page_that_is_there(tmp_path: Path, room: Room, held: Held) -> None:
    """A page of somebody else's isn't written over, and the screen is cleared all the same."""
    assert held.text
    page = written(tmp_path / "share.html", b"somebody's")
    with pytest.raises(InputError, match="can't be made"):
        TerminalDesk(tmp_path).print_sheet(page, "Aisha Patel", room.shares["Aisha Patel"])
    assert page.read_bytes() == b"somebody's"


MOUNTS = """\
overlay / overlay rw 0 0
tmpfs /mem tmpfs rw,nosuid 0 0
/dev/sda1 /mem/usb\\040stick vfat rw 0 0
"""


def test_pages_in_memory(tmp_path: Path) -> None:
    """Pages lie in memory: a folder on a disk is refused, also below one in memory, and where nobody knows."""
    require_memory(Path("/mem"), MOUNTS)
    require_memory(Path("/mem/mine"), MOUNTS)
    for folder in ("/home", "/mem/usb stick/pages", "/mem/../../home"):
        with pytest.raises(InputError, match="isn't in memory"):
            require_memory(Path(folder), MOUNTS)
    with pytest.raises(InputError, match="nothing known"):
        require_memory(tmp_path, "")


def test_sheets_on_a_disk(tmp_path: Path, held: Held) -> None:
    """A ceremony isn't begun when shares would be printed from a folder that isn't in memory."""
    file = written(tmp_path / "c.yaml", plan({"do": "expire", "key": KEY, "ken": 200}, head=held.centre.head))
    words = ("hold", file, "--centre", tmp_path / "centre", "--out", tmp_path / "out", "--sheets", "/proc")
    assert "isn't in memory" in refused(*words)


def test_a_draft_too_long(tmp_path: Path, held: Held) -> None:
    """A campaign that would outlast the new key isn't drafted."""
    assert held.text
    words = ("compromise", KEY, "--centre", tmp_path / "centre", "--reason", "x", "--confirm", "A", "--confirm", "B")
    assert "is not in the range" in refused(*words, "--days", "1096")
    text = done(*words, "--days", "1095")
    file = written(tmp_path / "c.yaml", text.encode())
    assert "The rehearsal went well." in done("rehearse", file, "--centre", tmp_path / "centre")
