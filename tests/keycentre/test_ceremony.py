"""Ceremonies: what is said, who confirms, what is written, and that a no changes nothing."""

import json
import traceback
from datetime import datetime, timedelta

import pytest

from tests.keycentre.support import (
    AUDIT,
    BASE,
    CUSTODIANS,
    DAY,
    DES_KEY,
    FOUND,
    GENERATE,
    KEY,
    LOAD,
    NEXT,
    NOW,
    OFFICE,
    PEOPLE,
    ROTATE,
    SHOP,
    TOP_UP,
    Room,
    at_base,
    base,
    ceremony,
    custody_of,
    enrol,
    found,
    go_on,
    on_paper,
    opened,
    papers,
    plan,
    state,
    stream,
)  # fmt: skip
from umbane.errors import UmbaneError
from umbane.keycentre import (
    AbandonedError,
    Centre,
    CheckError,
    ComponentError,
    CustodyError,
    ForbiddenError,
    Held,
    ShareError,
    StoreError,
    plan_hash,
    read_centre,
    read_transcript,
)
from umbane.keycentre.ceremony import require_master
from umbane.keycentre.material import component_check, odd_parity
from umbane.keycentre.steps import key_name
from umbane.security import (
    CentreCard,
    KeyUse,
    OtherModuleError,
    ReplayedError,
    WrongCentreError,
    open_load_file,
    open_top_up,
    published_key,
    read_campaign,
)
from umbane.sts import KRN, SGC

HELD, SHARES = base()
CENTRE = HELD.centre
LAST = "0007"
FIRST = bytes(range(50, 70))
WHOLE = stream("whole")(20)
SECOND = bytes(a ^ b for a, b in zip(FIRST, WHOLE, strict=True))
PAPER = GENERATE | {
    "do": "import", "key": NEXT, "components": on_paper(FIRST, SECOND),
    "check_value": component_check(WHOLE),
}  # fmt: skip


# ------------------------------------------------------------------------------------------------------- what is said


def test_every_step_is_said_and_confirmed_by_two() -> None:
    """Each step is said, then confirmed by one person and by the other one, before it is done."""
    _, room = found(*BASE)
    for number in range(1, len(BASE) + 1):
        said = next(n for n, line in enumerate(room.heard) if line.startswith(f"Step {number}. "))
        asked = [room.heard.index(f"{person}: Do step {number}?") for person in PEOPLE]
        done = next(n for n, line in enumerate(room.heard) if n > said and line.startswith("Done."))
        assert said < asked[0] < asked[1] < done


def test_the_file_and_the_clock_are_compared() -> None:
    """Before anything else both people compare the hash of the file and the clock."""
    text, room = plan(*BASE), Room()
    ceremony(text, room).hold()
    before = room.heard[: room.heard.index(f"{PEOPLE[1]}: Are the hash and the clock right?")]
    assert f"The ceremony file has the hash {plan_hash(text)}." in before
    assert "The clock of this machine says 2 March 2026, 08:30 UTC." in before


def test_the_fingerprint_is_said() -> None:
    """At the founding, and only there, the fingerprint of the centre's card is said, for those who will trust it."""
    held, room = found(*BASE)
    assert room.heard.count(f"  {held.centre.card.fingerprint}") == 1


def test_what_the_journal_keeps() -> None:
    """An entry tells when, by which file, with whose shares and whose confirmations a step was done, and what came."""
    held = go_on(state("active", DES_KEY))
    entry = held.centre.entries[-1]
    assert (entry.number, entry.at, entry.title) == (8, NOW + DAY, "A trial")
    assert entry.shares_of == tuple(PEOPLE)
    assert entry.confirmed == tuple(PEOPLE)
    assert entry.ceremony == plan_hash(plan(state("active", DES_KEY), head=CENTRE.head))
    assert CENTRE.entries[1].outcome == {"check": CENTRE.register().keys[KEY].check}


def test_nothing_secret_is_said() -> None:
    """No key, share, seed or master key is said to everybody, written into an output, or shown by anything held."""
    held, room = found(*BASE)
    master, secrets = opened(held.centre, room.shares)
    said = [room.all_heard, repr(held), *(text.decode() for text in held.outputs.values()), held.text.decode()]
    for bits in (master, secrets.seed, *secrets.keys.values(), *(share.value for share in room.shares.values())):
        assert not [text for text in said if bits.hex() in text or repr(bits)[2:-1] in text]
    for share in room.shares.values():
        assert not [text for text in said if share.lines()[1] in text or share.code() in text]


# -------------------------------------------------------------------------------------------------------- what says no


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("question", ["Are the hash and the clock right?", "Do step 8?", "Do step 9?"])
def test_a_no(person: str, question: str) -> None:
    """When either person says no to anything, the ceremony is over and leaves nothing."""
    room = at_base(says_no=f"{person}: {question}")
    with pytest.raises(AbandonedError, match=f"{person} said no, and nothing was changed"):
        go_on(GENERATE | {"key": NEXT}, state("suspended"), room=room)
    assert CENTRE.register().keys.keys() == {KEY, DES_KEY}


@pytest.mark.parametrize("at", [NOW - timedelta(seconds=1), NOW - 400 * DAY])
def test_a_clock_put_back(at: datetime) -> None:
    """When the clock is behind the last step, the ceremony is refused before anybody gives a share."""
    room = at_base()
    with pytest.raises(ForbiddenError, match="set the clock first"):
        ceremony(plan(state("suspended"), head=CENTRE.head), room, CENTRE, at=at).hold()
    assert not room.heard[4:]


def test_a_clock_behind_the_last_step() -> None:
    """It is the last step of all that the clock must not be behind."""
    newer = go_on(state("suspended")).centre
    with pytest.raises(ForbiddenError, match="set the clock first"):
        ceremony(plan(state("active"), head=newer.head), at_base(), newer, at=NOW + DAY / 2).hold()


# ----------------------------------------------------------------------------------------------------------- custodians


@pytest.mark.parametrize("coming", [CUSTODIANS[:2], CUSTODIANS[1:], CUSTODIANS[::-1], [CUSTODIANS[0], CUSTODIANS[2]]])
def test_any_two_custodians(coming: list[str]) -> None:
    """Any two of three custodians open the centre, in any order, and the journal names them."""
    held = go_on(state("suspended"), room=at_base(coming=list(coming)))
    assert held.centre.entries[-1].shares_of == tuple(coming[:2])


def test_one_custodian_twice() -> None:
    """One custodian can't stand in for another."""
    with pytest.raises(CustodyError, match="the share of Aisha Patel is there twice"):
        go_on(state("suspended"), room=at_base(coming=["Aisha Patel"] * 2))


def test_shares_of_another_centre() -> None:
    """Shares of another set don't open the centre."""
    _, others = custody_of(seed="elsewhere")
    room = Room(dict(zip(CUSTODIANS, others, strict=True)))
    with pytest.raises(CustodyError, match="of another set"):
        go_on(state("suspended"), room=room)


def test_mistyped_share() -> None:
    """Who mistypes a share may try again, twice; what was typed isn't repeated to anybody."""
    good = " ".join(SHARES[PEOPLE[0]].lines())
    swapped = " ".join(reversed(good.split()))
    room = at_base(typed={"Custodian 1 of 2": ["nonsense", swapped, good]}, coming=[PEOPLE[1]])
    assert go_on(state("suspended"), room=room).centre.entries[-1].shares_of == tuple(PEOPLE)
    assert room.all_heard.count("That isn't it.") == 2
    assert swapped.split()[3] not in room.all_heard.replace("share", "")
    with pytest.raises(ShareError):
        go_on(state("suspended"), room=at_base(typed={"Custodian 1 of 2": ["nonsense"] * 3}))


def test_shares_are_typed_back() -> None:
    """A share that its custodian can't read from the paper stops the founding, and so does another one's."""
    room = Room(typed={"Pieter Botha": ["x", "y", "z"]})
    with pytest.raises(ShareError):
        ceremony(plan(FOUND), room).hold()
    _, others = custody_of()
    room = Room(typed={"Pieter Botha": [others[1].code()]})
    with pytest.raises(CustodyError, match="of another set"):
        ceremony(plan(FOUND), room).hold()


def test_a_neighbours_share() -> None:
    """Who types back somebody else's share stops the founding."""

    class Swapping(Room):
        """A room in which the second custodian reads the first one's paper."""

        def secret(self, person: str, question: str) -> str:
            """Type the first share whoever is asked."""
            return super().secret(PEOPLE[0] if "paper" in question else person, question)

    with pytest.raises(CustodyError, match="what Pieter Botha typed back is another custodian's"):
        ceremony(plan(FOUND), Swapping()).hold()


def test_shares_that_give_something_else() -> None:
    """Shares that don't give the master key, all of them or as few as it takes, end the founding."""
    custody, shares = custody_of(b"k" * 32)
    require_master(b"k" * 32, custody, shares)
    with pytest.raises(CheckError, match="don't give the master key"):
        require_master(b"l" * 32, custody, shares)


def test_new_shares() -> None:
    """New shares open the centre from then on, and the old ones don't; nothing else changes."""
    names = ["Thandi Nkosi", "Johan van Wyk", "Lerato Mokoena", "Aisha Patel"]
    room = at_base()
    held = go_on({"do": "new-shares", "threshold": 3, "custodians": names}, room=room)
    custody = held.centre.register().custody
    assert custody
    assert [custody.holder(room.shares[name]) for name in names] == names
    _, secrets = opened(held.centre, room.shares)
    assert secrets.keys == opened(CENTRE, SHARES)[1].keys
    text = plan(state("suspended"), head=held.centre.head)
    with pytest.raises(CustodyError, match="another set"):
        ceremony(text, at_base(), held.centre, at=NOW + DAY).hold()
    later = ceremony(text, Room(room.shares, coming=names[:3]), held.centre, at=NOW + DAY).hold()
    assert later.centre.entries[-1].shares_of == tuple(names[:3])


def test_a_centre_without_custodians() -> None:
    """A centre whose journal is empty can't be opened by anybody."""
    empty = Centre(CENTRE.card, (), CENTRE.sealed)
    with pytest.raises(CustodyError, match="no custodians"):
        ceremony(plan(GENERATE, head=empty.head), at_base(), empty).hold()


# ------------------------------------------------------------------------------------------------------ keys from paper


def test_import() -> None:
    """A key is put together from components that each holder types, with an error mended on the way."""
    room = at_base(typed={PEOPLE[0]: ["00", FIRST.hex()], PEOPLE[1]: [SECOND.hex(" ")]})
    held = go_on(PAPER, room=room)
    _, secrets = opened(held.centre, SHARES)
    assert secrets.keys[NEXT] == WHOLE
    for part in (FIRST, SECOND, WHOLE):
        assert part.hex() not in room.all_heard + held.text.decode()


def test_import_of_the_wrong_paper() -> None:
    """Components in the wrong order, or of another key, are refused by their check values."""
    typed = {PEOPLE[0]: [SECOND.hex()] * 3}
    with pytest.raises(ComponentError, match="check value is another"):
        go_on(PAPER, room=at_base(typed=typed))


def from_paper(whole: bytes) -> Held:
    """Put a key together from two components."""
    other = bytes(a ^ b for a, b in zip(FIRST, whole, strict=True))
    checks = {"components": on_paper(FIRST, other), "check_value": component_check(whole)}
    return go_on(PAPER | checks, room=at_base(typed=papers(FIRST, other)))


def test_import_of_everybodys_key() -> None:
    """A key that anyone can compute is refused in the production realm."""
    with pytest.raises(UmbaneError, match="which anyone can compute"):
        from_paper(published_key(SGC(123456), KRN(2)).key.secret)


def test_import_of_a_key_that_is_there() -> None:
    """The same bits under two names are refused."""
    with pytest.raises(ForbiddenError, match="the same bits"):
        from_paper(opened(CENTRE, SHARES)[1].keys[KEY])


def test_import_of_an_old_key() -> None:
    """A DES key from paper is taken when its parity is odd."""
    whole, first = odd_parity(stream("des")(8)), bytes(range(8))
    second = bytes(a ^ b for a, b in zip(first, whole, strict=True))
    terms = {"algorithm": "DKGA02", "base_date": 1993}
    step = PAPER | terms | {"components": on_paper(first, second)}
    held = go_on(step | {"check_value": component_check(whole)}, room=at_base(typed=papers(first, second)))
    assert opened(held.centre, SHARES)[1].keys[NEXT] == whole


def test_destroyed() -> None:
    """The bits of a destroyed key are gone from the sealed part; all others stay."""
    held = go_on(state("destroyed", DES_KEY))
    assert opened(held.centre, SHARES)[1].keys.keys() == {KEY}


# ------------------------------------------------------------------------------------------------------ what is written


def test_load_file() -> None:
    """The module opens what it is sent: the key, its uses, limits and times; nobody else does, nor it twice."""
    text = HELD.outputs["shop-0001.load"]
    card = CentreCard.read(HELD.outputs["centre.card"])
    file = open_load_file(text, module=SHOP, centre=card, last_serial=0, now=NOW + DAY)
    [grant] = file.grants
    assert grant.key.secret == opened(CENTRE, SHARES)[1].keys[KEY]
    assert grant.uses == {KeyUse.CREDIT, KeyUse.CHANGE_TO}
    assert (grant.quota.tokens, grant.quota.units, grant.issue_until) == (100, 5000, NOW + 30 * DAY)
    assert (file.envelope.serial, file.envelope.expires_at) == (1, NOW + 7 * DAY)
    with pytest.raises(ReplayedError):
        open_load_file(text, module=SHOP, centre=card, last_serial=1, now=NOW + DAY)


def test_the_next_number() -> None:
    """Everything for a module has the next number, whatever it is, and the journal has its hash."""
    held = go_on(TOP_UP, LOAD, LOAD)
    assert {"shop-0002.topup", "shop-0003.load", "shop-0004.load"} < held.outputs.keys()
    text = held.outputs["shop-0002.topup"]
    order = open_top_up(text, module=SHOP.card, centre=held.centre.card, last_serial=1, now=NOW + DAY)
    assert (order.tokens, order.units, order.envelope.serial) == (10, 20, 2)
    assert held.centre.register().modules["shop"].serial == 4


def test_another_modules_file() -> None:
    """A module can't open what was written for another one."""
    text = HELD.outputs["shop-0001.load"]
    with pytest.raises(OtherModuleError):
        open_load_file(text, module=OFFICE, centre=CENTRE.card, last_serial=0, now=NOW + DAY)


def test_campaign_plan() -> None:
    """The plan for vending says from which key to which, until when, and which modules have the new one."""
    step = {"do": "campaign", "from_key": KEY, "to_key": NEXT, "cut_off": NOW + 60 * DAY, "reason": "rotation"}
    grant = LOAD["keys"][0] | {"key": NEXT}
    held = go_on(ROTATE, LOAD | {"keys": [grant]}, step)
    text = held.outputs["campaign-123456-1-VUDK-to-123456-2-VUDK.json"]
    told = read_campaign(text, held.centre.card)
    assert (told.old, told.new) == (key_name(KEY), key_name(NEXT))
    assert (told.made_at, told.start, told.cut_off) == (NOW + DAY, NOW + DAY, NOW + 60 * DAY)
    assert told.label == f"{NEXT} {held.centre.register().keys[NEXT].check}"
    assert told.modules == ("shop",)
    for place in range(len(text)):
        flipped = bytearray(text)
        flipped[place] ^= 1
        with pytest.raises(UmbaneError):
            read_campaign(bytes(flipped), held.centre.card)
    with pytest.raises(WrongCentreError):
        read_campaign(text, found(FOUND, seed="other")[0].centre.card)


def test_transcript_and_backup() -> None:
    """Each ceremony leaves a transcript that comes to the centre's head, and a backup that is the centre's file."""
    assert read_transcript(HELD.outputs[f"transcript-{LAST}.json"]).head == CENTRE.head
    assert read_centre(HELD.outputs[f"backup-{LAST}.kmc"]) == CENTRE
    assert CentreCard.read(HELD.outputs["centre.card"]) == CENTRE.card
    assert "centre.card" not in go_on(state("suspended")).outputs


def test_the_same_chance_the_same_head() -> None:
    """A ceremony that is held again with the same chance, clock and people comes to the same head."""
    steps = BASE[:-1]  # what is sealed to a module is sealed by chance of its own
    heads = [found(*steps, seed=seed)[0].centre.head for seed in ("one", "one", "other")]
    assert heads[0] == heads[1] != heads[2]


def test_no_secret_in_a_traceback() -> None:
    """A ceremony that breaks in the middle shows no key in its traceback."""
    with pytest.raises(ForbiddenError) as refusal:
        go_on(GENERATE | {"key": NEXT}, LOAD | {"keys": [{**LOAD["keys"][0], "key": "999999 1 VUDK"}]})
    told = "".join(traceback.format_exception(refusal.value))
    master, secrets = opened(CENTRE, SHARES)
    for bits in (master, secrets.seed, *secrets.keys.values()):
        assert bits.hex() not in told
        assert repr(bits)[2:-1] not in told


def test_a_backup_of_before_opens_with_the_shares_of_before() -> None:
    """New shares don't close old backups: they open with the shares of their time, and with no others."""
    room = at_base()
    go_on({"do": "new-shares", "threshold": 2, "custodians": CUSTODIANS}, room=room)
    assert opened(read_centre(HELD.outputs[f"backup-{LAST}.kmc"]), SHARES)
    with pytest.raises(CustodyError):
        opened(CENTRE, room.shares)


def test_words_of_the_whole_file() -> None:
    """A ceremony's outputs are documents, each in the one form that there is."""
    for name, text in HELD.outputs.items():
        assert json.loads(text)["document"].startswith("umbane "), name
    assert {enrol()["do"], AUDIT["do"]} == {"enrol", "audit"}


def test_a_file_that_was_swapped() -> None:
    """A centre's file with the journal of a later day and the seal of an earlier one doesn't open."""
    newer = go_on(state("suspended")).centre
    mixed = Centre(newer.card, newer.entries, CENTRE.sealed)
    with pytest.raises(StoreError, match="doesn't open"):
        ceremony(plan(state("active"), head=newer.head), at_base(), mixed, at=NOW + DAY).hold()
