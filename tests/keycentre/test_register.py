"""What a centre allows: each forbidden act is tried, one step before it would have been done."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter

from tests.keycentre.support import (
    AUDIT,
    COMPROMISE,
    DAY,
    DES_KEY,
    FOUND,
    GENERATE,
    GRANT,
    KEY,
    LOAD,
    NEXT,
    NOW,
    OFFICE,
    ROTATE,
    SHOP,
    TOP_UP,
    Room,
    at_base,
    base,
    ceremony,
    enrol,
    found,
    go_on,
    on_paper,
    papers,
    plan,
    state,
    stream,
)  # fmt: skip
from umbane.keycentre import CentreError, CustodyError, ForbiddenError, KeyState, Register, TransitionError, ken_end
from umbane.keycentre.material import component_check
from umbane.keycentre.steps import SimpleStep
from umbane.security import DocumentError, ModuleIdentity, Realm
from umbane.sts import KEN, BaseDate

STEP: TypeAdapter[SimpleStep] = TypeAdapter(SimpleStep)
FOREVER = NOW + 1000 * DAY
TESTER = ModuleIdentity("tester", Realm.TEST, b"T" * 64)


def register() -> Register:
    """What the usual centre knows."""
    return base()[0].centre.register()


def forbidden(step: dict[str, Any], kind: type[Exception] = ForbiddenError, **at: Any) -> str:  # noqa: ANN401 - a moment
    """Why a step isn't allowed at the usual centre, nor replayed in its journal."""
    read = STEP.validate_python(step)
    with pytest.raises(kind) as refusal:
        register().require(read, at.get("at", NOW + DAY))
    with pytest.raises(kind):
        register().apply(read, {}, at.get("at", NOW + DAY))
    return str(refusal.value)


def test_the_usual_centre() -> None:
    """The register is what the journal came to: two keys, a module that has one of them, three custodians."""
    known = register()
    assert {label: str(key.state) for label, key in known.keys.items()} == {KEY: "active", DES_KEY: "pre-active"}
    assert known.modules["shop"].keys == {KEY}
    assert known.modules["shop"].serial == 1
    assert known.custody
    assert known.custody.threshold == 2


# ------------------------------------------------------------------------------------------------------------ beginning


@pytest.mark.parametrize(
    "step", [GENERATE, state("active"), enrol(), AUDIT, LOAD, TOP_UP, FOUND | {"do": "new-shares"}]
)
def test_founded_first(step: dict[str, Any]) -> None:
    """Before a centre is founded nothing else is done there."""
    with pytest.raises(ForbiddenError, match="isn't founded yet"):
        Register(Realm.PRODUCTION).require(STEP.validate_python(step), NOW)


def test_founded_once() -> None:
    """A centre is founded once."""
    assert "is founded already" in forbidden(FOUND)


@pytest.mark.parametrize("do", ["found", "new-shares"])
@pytest.mark.parametrize("wrong", [{"threshold": 1}, {"threshold": 0}, {"threshold": 4}, {"custodians": ["A", "A"]}])
def test_no_custody_of_one(do: str, wrong: dict[str, Any]) -> None:
    """No ceremony makes a centre that one person could open."""
    step = STEP.validate_python(FOUND | wrong | {"do": do})
    known = Register(Realm.PRODUCTION) if do == "found" else register()
    with pytest.raises(CustodyError):
        known.require(step, NOW)


# ----------------------------------------------------------------------------------------------------------------- keys


@pytest.mark.parametrize("key", [KEY, DES_KEY])
def test_a_name_is_used_once(key: str) -> None:
    """A key of a name that is there can't be made."""
    assert "a name is used once" in forbidden(GENERATE | {"key": key})


def test_a_destroyed_name() -> None:
    """A name isn't used again either when its key is destroyed, for modules know it for ever."""
    held = go_on(state("destroyed", DES_KEY))
    with pytest.raises(ForbiddenError, match="or was: a name is used once"):
        held.centre.register().require(STEP.validate_python(GENERATE | {"key": DES_KEY}), NOW + DAY)


@pytest.mark.parametrize("wrong", [{"expires": NOW}, {"expires": NOW + DAY}, {"active_from": FOREVER}])
def test_times_of_a_key(wrong: dict[str, Any]) -> None:
    """A key that is over before it begins, or over by now, can't be made."""
    assert "expires at" in forbidden(GENERATE | {"key": NEXT} | wrong)


STATES = [KeyState.ACTIVE, KeyState.SUSPENDED, KeyState.DEACTIVATED, KeyState.COMPROMISED, KeyState.DESTROYED]
WAYS = {
    "pre-active": [], "active": ["active"], "suspended": ["active", "suspended"],
    "deactivated": ["active", "deactivated"], "compromised": ["compromised"], "destroyed": ["destroyed"],
}  # fmt: skip
ALLOWED = {
    "pre-active": {"active", "compromised", "destroyed"}, "active": {"suspended", "deactivated", "compromised"},
    "suspended": {"active", "deactivated", "compromised"}, "deactivated": {"compromised", "destroyed"},
    "compromised": {"destroyed"}, "destroyed": set(),
}  # fmt: skip


@pytest.mark.parametrize("now_in", WAYS)
@pytest.mark.parametrize("to", [*KeyState])
def test_transitions_in_the_register(now_in: str, to: KeyState) -> None:
    """Every one of the thirty-six ways is tried on a key in the register: the legal are done, the others refused."""
    known = register()
    for way in WAYS[now_in]:
        known.apply(STEP.validate_python(state(way, DES_KEY)), {}, NOW)
    assert str(known.keys[DES_KEY].state) == now_in
    step = STEP.validate_python(state(to, DES_KEY))
    if to in ALLOWED[now_in]:
        known.apply(step, {}, NOW)
        assert known.keys[DES_KEY].state is to
    else:
        with pytest.raises(TransitionError):
            known.apply(step, {}, NOW)


@pytest.mark.parametrize("at", [NOW - 2 * DAY, FOREVER, FOREVER + DAY])
def test_active_in_its_time(at: Any) -> None:  # noqa: ANN401 - a moment
    """A key becomes active within its time only."""
    assert "can be active only from 2026-03-01" in forbidden(state("active", DES_KEY), at=at)


@pytest.mark.parametrize("step", [state("suspended", NEXT), {"do": "expire", "key": NEXT, "ken": 1}])
def test_no_such_key(step: dict[str, Any]) -> None:
    """What isn't there can't be changed."""
    assert f"there is no key {NEXT}" in forbidden(step)


@pytest.mark.parametrize("ken", [255])
def test_no_longer_life(ken: int) -> None:
    """A KEN is only ever lowered."""
    assert "only a lower KEN" in forbidden({"do": "expire", "key": KEY, "ken": ken})
    known = register()
    known.apply(STEP.validate_python({"do": "expire", "key": KEY, "ken": 100}), {}, NOW)
    assert known.keys[KEY].ken == KEN(100)
    for same_or_higher in (100, 101, 254, 255):
        with pytest.raises(ForbiddenError, match="only a lower KEN"):
            known.require(STEP.validate_python({"do": "expire", "key": KEY, "ken": same_or_higher}), NOW)


def test_no_end_for_what_is_gone() -> None:
    """A destroyed key gets no other KEN."""
    known = register()
    known.apply(STEP.validate_python(state("destroyed", DES_KEY)), {}, NOW)
    with pytest.raises(ForbiddenError, match="is destroyed"):
        known.require(STEP.validate_python({"do": "expire", "key": DES_KEY, "ken": 1}), NOW)


# -------------------------------------------------------------------------------------------------------------- modules


def test_another_card() -> None:
    """A card that isn't the one whose fingerprint was read aloud is refused."""
    step = enrol(OFFICE) | {"fingerprint": SHOP.card.fingerprint}
    assert f"has the fingerprint {OFFICE.card.fingerprint}, not {SHOP.card.fingerprint}" in forbidden(step)


def test_another_realm() -> None:
    """A module of the other realm isn't taken in."""
    assert "the module tester is of the test realm" in forbidden(enrol(TESTER))


def test_a_module_once() -> None:
    """A module of a name that is there isn't taken in, not even with another card."""
    twin = ModuleIdentity("shop", Realm.PRODUCTION, b"T" * 64)
    assert "a name is used once" in forbidden(enrol())
    assert "a name is used once" in forbidden(enrol(twin))


@pytest.mark.parametrize("card", ["", "{}\n", "ü", SHOP.card.text().decode()[:-1]])
def test_no_card(card: str) -> None:
    """What isn't a card is refused."""
    forbidden(enrol() | {"card": card}, DocumentError)


@pytest.mark.parametrize(
    "step", [AUDIT, LOAD, TOP_UP, {"do": "revoke", "module": "shop", "reason": "x"}], ids=lambda step: step["do"]
)
def test_no_such_module(step: dict[str, Any]) -> None:
    """Nothing is done for a module that isn't there, nor for one that is revoked."""
    assert "there is no module office" in forbidden(step | {"module": "office"})
    known = register()
    known.apply(STEP.validate_python({"do": "revoke", "module": "shop", "reason": "stolen"}), {}, NOW)
    with pytest.raises(ForbiddenError, match="the module shop is revoked"):
        known.require(STEP.validate_python(step), NOW)


@pytest.mark.parametrize("step", [LOAD, TOP_UP], ids=["load", "top-up"])
def test_audited_only(step: dict[str, Any]) -> None:
    """Nothing is sent to a module that nobody looked at, or whose audit is over."""
    late = NOW + 100 * DAY
    assert "no audit that counts" in forbidden(step | {"expires_at": late + DAY}, at=late)
    known = register()
    known.apply(STEP.validate_python(enrol(OFFICE)), {}, NOW)
    with pytest.raises(ForbiddenError, match="no audit that counts"):
        known.require(STEP.validate_python(step | {"module": "office"}), NOW)


def test_audit_ahead() -> None:
    """An audit that is over when it is noted doesn't count."""
    assert "isn't after" in forbidden(AUDIT | {"valid_until": NOW + DAY})


# -------------------------------------------------------------------------------------------------------------- sending


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"expires_at": NOW + DAY}, "the file expires at"),
        ({"expires_at": NOW}, "the file expires at"),
        ({"keys": [GRANT, GRANT]}, "in the file twice"),
        ({"keys": [GRANT | {"key": NEXT}]}, "there is no key"),
        ({"keys": [GRANT | {"key": DES_KEY, "uses": []}]}, "shop doesn't have it"),
        ({"keys": [GRANT | {"issue_until": NOW + DAY}]}, "ahead of now"),
        ({"keys": [GRANT | {"issue_until": NOW - 2 * DAY}]}, "ahead of now"),
        ({"keys": [GRANT | {"issue_until": FOREVER + timedelta(seconds=1)}]}, "within"),
    ],
)
def test_wrong_files(wrong: dict[str, Any], said: str) -> None:
    """A file that is over, has a key twice or one that isn't there, or lets issue beyond a key's life is refused."""
    assert said in forbidden(LOAD | wrong)


def test_to_the_last_moment() -> None:
    """A module may issue with a key until the very moment at which the key expires."""
    register().require(STEP.validate_python(LOAD | {"keys": [GRANT | {"issue_until": FOREVER}]}), NOW + DAY)


@pytest.mark.parametrize("use", ["credit", "engineering", "change-to", "change-from"])
@pytest.mark.parametrize("now_in", WAYS)
def test_uses_in_the_register(now_in: str, use: str) -> None:
    """Every use of a key in every state is tried: a bad key goes out for nothing but leading meters away."""
    known = register()
    for way in WAYS[now_in]:
        known.apply(STEP.validate_python(state(way, DES_KEY)), {}, NOW)
    step = STEP.validate_python(LOAD | {"keys": [GRANT | {"key": DES_KEY, "uses": [use]}]})
    away = now_in in {"deactivated", "compromised"} and use == "change-from"
    if now_in in {"pre-active", "active"} or away:
        known.require(step, NOW)
    else:
        with pytest.raises(ForbiddenError, match=f"is {now_in}"):
            known.require(step, NOW)


@pytest.mark.parametrize("now_in", ["suspended", "destroyed"])
def test_no_top_up_of_bad_keys(now_in: str) -> None:
    """A module may not make more with a key that it can do nothing with."""
    known = register()
    grant = GRANT | {"key": DES_KEY}
    known.apply(STEP.validate_python(LOAD | {"keys": [grant]}), {}, NOW)
    top_up = STEP.validate_python(TOP_UP | {"key": DES_KEY})
    known.require(top_up, NOW)
    for way in WAYS[now_in]:
        known.apply(STEP.validate_python(state(way, DES_KEY)), {}, NOW)
    with pytest.raises(ForbiddenError, match=f"is {now_in}"):
        known.require(top_up, NOW)


def test_no_top_up_of_what_it_lacks() -> None:
    """A module may not make more with a key that it was never sent, or that was taken away."""
    assert "shop doesn't have it" in forbidden(TOP_UP | {"key": DES_KEY})
    assert "the order expires at" in forbidden(TOP_UP | {"expires_at": NOW + DAY})
    known = register()
    known.apply(STEP.validate_python(LOAD | {"keys": [GRANT | {"uses": []}]}), {}, NOW)
    assert known.modules["shop"].keys == frozenset()
    with pytest.raises(ForbiddenError, match="shop doesn't have it"):
        known.require(STEP.validate_python(TOP_UP), NOW)


@pytest.mark.parametrize(("from_key", "to_key"), [(KEY, KEY), (DES_KEY, KEY), (KEY, NEXT), (NEXT, KEY)])
def test_no_way_for_meters(from_key: str, to_key: str) -> None:
    """Meters aren't led from a key to itself, from one that none has, or to or from one that isn't there."""
    forbidden({"do": "campaign", "from_key": from_key, "to_key": to_key, "cut_off": NOW + 9 * DAY, "reason": "x"})


def test_cut_off_ahead() -> None:
    """A campaign that is over when it is planned, or before its new key begins, is refused."""
    step = {"do": "campaign", "from_key": KEY, "to_key": NEXT, "cut_off": NOW + DAY, "reason": "x"}
    with pytest.raises(ForbiddenError, match="the cut-off is"):
        go_on(GENERATE | {"key": NEXT}, step)
    late = GENERATE | {"key": NEXT, "active_from": NOW + 9 * DAY}
    with pytest.raises(ForbiddenError, match="the cut-off is"):
        go_on(late, step | {"cut_off": NOW + 9 * DAY})


def test_a_campaign_to_nowhere() -> None:
    """Nobody is led to a key of another type, nor to one that is over."""
    step = {"do": "campaign", "from_key": KEY, "to_key": DES_KEY, "cut_off": NOW + 9 * DAY, "reason": "x"}
    assert "they are of different types" in forbidden(step)
    short = go_on(GENERATE | {"key": NEXT, "expires": NOW + 2 * DAY}).centre.register()
    read = STEP.validate_python(step | {"to_key": NEXT})
    with pytest.raises(ForbiddenError, match="is over"):
        short.require(read, NOW + 2 * DAY)


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_date": 1993}, {"base_date": 2035}, {"base_date": 2014, "ken": 0}, {"base_date": 2014, "ken": 90},
        {"base_date": 2014, "active_from": NOW + 8000 * DAY, "expires": NOW + 9000 * DAY},
    ],
)  # fmt: skip
def test_a_key_without_tokens(wrong: dict[str, Any]) -> None:
    """A key under which no token could be made, because of its base date or its KEN, isn't generated."""
    assert "there is no token of then or later" in forbidden(GENERATE | {"key": NEXT} | wrong)


def test_components_of_one_person() -> None:
    """Components that one person has, however the name is spelled, are refused."""
    parts = [{"holder": name, "check": "0a1b2c"} for name in ("Zoë", "A", "zoe\u0308")]
    step = GENERATE | {"do": "import", "key": NEXT, "components": parts, "check_value": "000000"}
    assert "one person has two components" in forbidden(step)


def test_an_old_base_date() -> None:
    """A key whose TIDs are used up is led away from: the next one has another base date, and no KEN is in the way."""
    first, second = stream("one")(20), stream("two")(20)
    whole = bytes(a ^ b for a, b in zip(first, second, strict=True))
    old = {
        "do": "import", "key": "222222 1 VUDK", "algorithm": "DKGA04", "base_date": 1993, "active_from": NOW - DAY,
        "expires": NOW + 900 * DAY, "components": on_paper(first, second),
        "check_value": component_check(whole),
    }  # fmt: skip
    room = at_base(typed=papers(first, second))
    answer = COMPROMISE | {"key": "222222 1 VUDK"}
    held = go_on(old, state("active", "222222 1 VUDK"), answer | {"base_date": 2014}, room=room)
    known = held.centre.register()
    assert known.keys["222222 2 VUDK"].base_date is BaseDate.Y2014
    assert known.keys["222222 1 VUDK"].ken.never
    room = at_base(typed=papers(first, second))
    with pytest.raises(ForbiddenError, match="there is no token of then or later"):
        go_on(old, state("active", "222222 1 VUDK"), answer, room=room)


# ------------------------------------------------------------------------------------------------ several steps at once


def test_rotation() -> None:
    """Rotating makes the next revision of the same kind, and gives the old key its end."""
    known = go_on(ROTATE).centre.register()
    old, new = known.keys[KEY], known.keys[NEXT]
    assert (new.dkga, new.base_date, new.active_from) == (old.dkga, old.base_date, NOW + DAY)
    assert new.state is KeyState.PRE_ACTIVE
    assert old.state is KeyState.ACTIVE
    assert ken_end(KEN(old.ken.value - 1), old.base_date) < NOW + 90 * DAY <= ken_end(old.ken, old.base_date)
    assert new.ken.never


def test_rotation_without_a_gap() -> None:
    """A rotation or an answer to a compromise that ends the old key before the new one begins is refused."""
    for step in (
        ROTATE | {"active_from": NOW + 90 * DAY}, ROTATE | {"old_until": NOW + DAY, "active_from": NOW - DAY},
        COMPROMISE | {"old_until": NOW + DAY}, COMPROMISE | {"old_until": NOW - 9000 * DAY},
    ):  # fmt: skip
        with pytest.raises(ForbiddenError, match="would end before the new one begins"):
            go_on(step)


def test_the_tenth_revision() -> None:
    """After nine revisions of a key there is no name left, and a tenth is refused."""
    keys = [GENERATE | {"key": f"123456 {krn} VUDK"} for krn in range(1, 10)]
    held, room = found(FOUND, *keys)
    step = ROTATE | {"key": "123456 9 VUDK"}
    with pytest.raises(ForbiddenError, match="all nine revisions of 123456 9 VUDK were used"):
        ceremony(plan(step, head=held.centre.head), room, held.centre).hold()


def test_a_revision_that_is_taken() -> None:
    """A revision that was used is passed over: a key that was rotated before it was compromised gets the one after."""
    known = go_on(ROTATE, COMPROMISE).centre.register()
    assert known.keys.keys() == {KEY, DES_KEY, NEXT, "123456 3 VUDK"}
    known = go_on(GENERATE | {"key": "123456 9 VUDK"}, ROTATE | {"key": "123456 9 VUDK"}).centre.register()
    assert known.keys.keys() == {KEY, DES_KEY, NEXT, "123456 9 VUDK"}


def test_compromise() -> None:
    """The answer to a compromise does it all: key marked and ending, next one active, files, plan for vending."""
    held = go_on(COMPROMISE)
    known = held.centre.register()
    assert known.keys[KEY].state is KeyState.COMPROMISED
    assert known.keys[KEY].ken < KEN(100)
    assert known.keys[NEXT].state is KeyState.ACTIVE
    assert known.modules["shop"].keys == {KEY, NEXT}
    done = [entry.step.do for entry in held.centre.entries[7:]]
    assert done == ["state", "expire", "generate", "state", "load", "campaign"]
    assert {name.split(".")[-1] for name in held.outputs} == {"load", "json", "kmc"}


def test_compromise_reaches_audited_modules_only() -> None:
    """A module without an audit that counts, or revoked, gets nothing when a key is compromised."""
    lost = ModuleIdentity("lost", Realm.PRODUCTION, b"L" * 64)
    steps = (
        enrol(OFFICE), enrol(lost), AUDIT | {"module": "lost"}, {"do": "revoke", "module": "lost", "reason": "stolen"},
        COMPROMISE,
    )  # fmt: skip
    known = go_on(*steps).centre.register()
    assert {name: module.serial for name, module in known.modules.items()} == {"shop": 2, "office": 0, "lost": 0}


def test_compromise_with_nobody_audited() -> None:
    """When nothing could be sent to anybody, the answer to a compromise is refused, and says what to do first."""
    with pytest.raises(ForbiddenError, match="audit one first"):
        go_on({"do": "revoke", "module": "shop", "reason": "stolen"}, COMPROMISE)


def test_compromise_twice() -> None:
    """A key that is compromised already isn't answered twice."""
    with pytest.raises(TransitionError, match="compromised and can't become compromised"):
        go_on(COMPROMISE, COMPROMISE)


def test_compromise_of_a_key_that_ends_sooner() -> None:
    """An end that is as near as the campaign's is left as it is."""
    held = go_on({"do": "expire", "key": KEY, "ken": 90}, COMPROMISE)
    assert held.centre.register().keys[KEY].ken == KEN(90)
    assert [entry.step.do for entry in held.centre.entries].count("expire") == 1


def test_an_unknown_key() -> None:
    """A key that isn't there is neither rotated nor compromised."""
    for step in (ROTATE, COMPROMISE):
        with pytest.raises(ForbiddenError, match=f"there is no key {NEXT}"):
            go_on(step | {"key": NEXT})


def test_a_forbidden_step_spoils_all() -> None:
    """When a later step isn't allowed, nothing of the earlier ones was done."""
    room = Room(dict(base()[1]))
    with pytest.raises(CentreError):
        go_on(GENERATE | {"key": NEXT}, state("suspended", DES_KEY), room=room)
    assert "Step 8." in room.all_heard
    assert register().keys.keys() == {KEY, DES_KEY}
