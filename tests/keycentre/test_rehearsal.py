"""Rehearsals: everything is said, nothing is done, and what is forbidden is found."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.keycentre.support import (
    BASE,
    COMPROMISE,
    CUSTODIANS,
    DAY,
    DES_KEY,
    FOUND,
    GENERATE,
    KEY,
    NEXT,
    NOW,
    OFFICE,
    PEOPLE,
    Room,
    at_base,
    base,
    ceremony,
    enrol,
    go_on,
    on_paper,
    opened,
    papers,
    plan,
    state,
    stream,
)  # fmt: skip
from umbane.errors import InputError, UmbaneError
from umbane.keycentre import (
    Centre,
    CheckError,
    Entropy,
    ForbiddenError,
    HeadError,
    Held,
    NextKey,
    TransitionError,
    described,
    draft_compromise,
    draft_enrol,
    draft_rotation,
    qr_lines,
    read_plan,
    rehearse,
    sheet,
)
from umbane.keycentre.material import component_check, odd_parity
from umbane.keycentre.rehearsal import Rehearsal, require_opened
from umbane.keycentre.steps import Compromise

HELD, SHARES = base()
CENTRE = HELD.centre


def rehearsed(text: bytes, centre: Centre | None = CENTRE, seed: str = "rehearsal") -> tuple[Held, str]:
    """Rehearse, and tell what was said."""
    said: list[str] = []
    held = rehearse(text, centre, tell=said.append, entropy=Entropy(stream(seed)), clock=lambda: NOW + DAY)
    return held, "\n".join(said)


def test_a_founding() -> None:
    """A founding is rehearsed from the first share to the last file, and says that it was a rehearsal."""
    held, said = rehearsed(plan(*BASE), None)
    assert said.startswith("THIS IS A REHEARSAL")
    assert said.endswith("Nothing was written, and its keys are gone.")
    for number in range(1, 8):
        assert f"Step {number}. " in said
    assert set(held.outputs) == set(HELD.outputs)


def test_nothing_fits_the_real_centre() -> None:
    """A rehearsal has another identity, other shares and other keys than the centre that it is for."""
    held, _ = rehearsed(plan(state("suspended"), head=CENTRE.head))
    real, other = CENTRE.register(), held.centre.register()
    assert held.centre.card != CENTRE.card
    assert held.centre.head != CENTRE.head
    assert {key.check for key in real.keys.values()}.isdisjoint(key.check for key in other.keys.values())
    assert real.custody
    assert other.custody
    assert set(real.custody.digests).isdisjoint(other.custody.digests)


def test_the_same_words() -> None:
    """What is said in a rehearsal is what will be said, word for word, but for what chance makes."""
    text = plan(state("suspended"), {"do": "expire", "key": KEY, "ken": 90}, head=CENTRE.head)
    room = at_base()
    ceremony(text, room, CENTRE, at=NOW + DAY).hold()
    _, said = rehearsed(text)
    for line in room.heard:
        assert line.split(" stands at ")[0].split(": type")[0] in said


def test_compromise_drill() -> None:
    """The whole answer to a compromise is rehearsed in one go, and stand-ins open the files that it writes."""
    held, said = rehearsed(plan(COMPROMISE, head=CENTRE.head))
    assert held.centre.register().keys[KEY].state == "compromised"
    assert "Write a key load file that only the module shop can open:" in said
    assert "Write the plan for vending: all meters go from 123456 1 VUDK to 123456 2 VUDK." in said
    assert CENTRE.register().keys[KEY].state == "active"


def test_after_everything() -> None:
    """A centre with destroyed and imported keys, and with new shares, can be rehearsed, too."""
    first = bytes(range(8))
    whole = odd_parity(bytes(range(70, 78)))
    second = bytes(a ^ b for a, b in zip(first, whole, strict=True))
    paper = GENERATE | {
        "do": "import", "key": NEXT, "algorithm": "DKGA02", "check_value": component_check(whole),
        "components": on_paper(first, second),
    }  # fmt: skip
    names = ["Johan van Wyk", "Lerato Mokoena"]
    room = at_base(typed=papers(first, second))
    held = go_on(
        paper, state("destroyed", DES_KEY), {"do": "new-shares", "threshold": 2, "custodians": names}, room=room
    )
    again, said = rehearsed(plan(state("suspended"), head=held.centre.head), held.centre)
    custody = again.centre.register().custody
    assert custody
    assert custody.custodians == tuple(names)
    assert "This is the share of Johan van Wyk." in said
    _, said = rehearsed(plan(paper | {"key": "123456 3 VUDK"}, head=held.centre.head), held.centre)
    assert "(The 2 components are left in their envelopes.)" in said
    assert whole.hex() not in said


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (plan(*BASE), HeadError),
        (plan(state("suspended"), head="0000-" * 7 + "0000"), HeadError),
        (plan(state("suspended"), head=CENTRE.head, centre="other"), HeadError),
        (plan(state("destroyed"), head=CENTRE.head), TransitionError),
        (plan(GENERATE, head=CENTRE.head), ForbiddenError),
    ],
)
def test_what_would_fail_fails(text: bytes, error: type[Exception]) -> None:
    """What the centre would refuse is refused in the rehearsal, for the same reason."""
    with pytest.raises(error):
        rehearsed(text)


def test_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rehearsal leaves no file behind."""
    monkeypatch.chdir(tmp_path)
    rehearsed(plan(*BASE), None)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_nobody_opens() -> None:
    """When a stand-in can't open what was sent to it, the rehearsal fails."""
    held, _ = rehearsed(plan(*BASE), None)
    trial = Rehearsal(read_plan(plan(*BASE)), "x", Room(), Entropy(stream("trial")), lambda: NOW)
    trial.card_of(CENTRE.register().modules["shop"].card)
    with pytest.raises(CheckError, match="the module shop couldn't open its file"):
        require_opened(trial, held, NOW + DAY)


# -------------------------------------------------------------------------------------------------- words and pictures


def test_descriptions() -> None:
    """Every kind of step is told in lines that fit a screen and are sentences to be read aloud."""
    known = CENTRE.register()
    for entry in go_on(COMPROMISE, state("destroyed", DES_KEY)).centre.entries:
        first, *rest = described(entry.step, known)
        known.apply(entry.step, entry.outcome, entry.at) if entry.number > 7 else None
        assert first[0].isupper()
        assert first[-1] in ".:" or first.endswith(" is")
        assert all(len(line) < 120 for line in [first, *rest])


def test_last_warning() -> None:
    """Before a key is destroyed it is said that this can't be taken back, and that backups still have it."""
    room = at_base()
    go_on(state("destroyed", DES_KEY), room=room)
    assert "Its bits are gone after this. Backups of before still have them." in room.all_heard


def test_taken_away() -> None:
    """A key without uses is said to be taken away."""
    room = at_base()
    grant = {"key": KEY, "uses": [], "tokens": 0, "units": 0, "issue_until": NOW + 9 * DAY}
    load = {"do": "load", "module": "shop", "keys": [grant], "expires_at": NOW + 9 * DAY}
    held = go_on({"do": "revoke", "module": "shop", "reason": "x"}, room=at_base())
    assert held.centre.register().modules["shop"].revoked
    go_on(load, room=room)
    assert "123456 1 VUDK: taken away from it" in room.all_heard


def test_sheets() -> None:
    """A sheet has the custodian's name, the words in their lines and the code, and nothing from elsewhere."""
    share = SHARES[CUSTODIANS[0]]
    page = sheet(share, "A <b>", "centre")
    assert "A &lt;b&gt;" in page
    assert all(f"<li>{line}</li>" in page for line in share.lines())
    assert page.count("<svg") == 1
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")


def test_codes() -> None:
    """A share's code has a line for two rows, all of one length, and differs from share to share."""
    codes = [qr_lines(share) for share in SHARES.values()]
    assert len({tuple(code) for code in codes}) == len(CUSTODIANS)
    for code in codes:
        assert {len(line) for line in code} == {37}
        assert len(code) == 19
        assert set("".join(code)) == set("█▀▄ ")


# ----------------------------------------------------------------------------------------------------------- drafting


def drafted(
    key: str = KEY,
    centre: Centre = CENTRE,
    draft: Callable[..., str] = draft_compromise,
    **others: Any,  # noqa: ANN401 - what a draft is made of
) -> str:
    """A ceremony file written by the machine."""
    given: dict[str, Any] = {"reason": "found", "people": PEOPLE, "days": 60, "tokens": 5, "units": 50, **others}
    return draft(centre, NextKey(key, **given), NOW + DAY)


def test_draft() -> None:
    """The drafted answer to a compromise is a ceremony file for this centre as it stands, and can be rehearsed."""
    text = drafted()
    read = read_plan(text.encode())
    assert read.head == CENTRE.head
    assert isinstance(read.steps[0], Compromise)
    assert "&" not in text
    held, _ = rehearsed(text.encode())
    assert held.centre.register().keys[NEXT].state == "active"


@pytest.mark.parametrize("others", [{"people": ["A"]}, {"people": ["A", "A"]}, {"reason": ""}, {"reason": "a\nb"}])
def test_no_draft(others: dict[str, Any]) -> None:
    """What can't be in a ceremony file isn't drafted."""
    with pytest.raises(InputError):
        drafted(**others)


def test_drafted_rotation() -> None:
    """The drafted rotation makes the next key, activates it, sends it to audited modules, and plans the rest."""
    text = drafted(draft=draft_rotation)
    held, _ = rehearsed(text.encode())
    known = held.centre.register()
    assert (known.keys[KEY].state, known.keys[NEXT].state) == ("active", "active")
    assert known.modules["shop"].keys == {KEY, NEXT}
    assert set(held.outputs) >= {"shop-0002.load", "campaign-123456-1-VUDK-to-123456-2-VUDK.json"}
    assert known.keys[KEY].ken < CENTRE.register().keys[KEY].ken


def test_drafted_step() -> None:
    """The drafted step that takes a module in has its card to the letter."""
    [step] = yaml.safe_load(draft_enrol(OFFICE.card.text()))
    assert step == enrol(OFFICE)
    with pytest.raises(UmbaneError):
        draft_enrol(OFFICE.card.text()[1:])


def test_no_draft_for_nothing() -> None:
    """There is no answer for a key that isn't there, or is over tomorrow."""
    with pytest.raises(ForbiddenError, match="there is no key"):
        drafted(NEXT)
    short = go_on(GENERATE | {"key": NEXT, "expires": NOW + 2 * DAY}).centre
    with pytest.raises(InputError, match="expires on 2026-03-04"):
        drafted(NEXT, short)


# ----------------------------------------------------------------------------------------------------------- examples


EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "ceremony").glob("*.yaml"))


def test_examples() -> None:
    """The example ceremonies follow each other: each is rehearsed and held at the head that the last one left."""
    centre, room = None, Room()
    assert [path.name[0] for path in EXAMPLES] == list("123456")
    for path in EXAMPLES:
        text = path.read_bytes()
        if centre:
            text = text.replace(b"0000-" * 7 + b"0000", centre.head.encode())
            assert centre.head in text.decode()
        rehearsed(text, centre)
        room.coming = PEOPLE.copy()
        room.typed = told_papers(text.decode())
        centre = ceremony(text, room, centre, at=NOW + DAY, seed=path.name).hold().centre
    assert centre
    known = centre.register()
    assert {label: str(key.state) for label, key in known.keys.items()} == {
        "123456 1 VUDK": "compromised", "123456 1 VDDK": "active", "654321 1 VUDK": "active",
        "123456 2 VUDK": "pre-active", "123456 3 VUDK": "active",
    }  # fmt: skip
    assert opened(centre, room.shares)[1].keys.keys() == known.keys.keys()


def told_papers(text: str) -> dict[str, list[str]]:
    """The components that an example tells in its comments."""
    lines = [line for line in text.splitlines() if line.startswith("# The components of this example:")]
    parts = lines[0].split(":")[1].split("  and  ") if lines else []
    return {name: [part] for name, part in zip(PEOPLE, parts, strict=False)}


def test_examples_are_of_the_test_realm() -> None:
    """No example makes a production key."""
    assert {yaml.safe_load(path.read_text())["realm"] for path in EXAMPLES} == {"test"}
    assert FOUND["do"] == "found"
