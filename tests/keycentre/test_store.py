"""The file of a centre and its transcripts: any bit, line or whole file that was changed is found."""

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.keycentre.support import (
    DAY,
    DES_KEY,
    FOUND,
    GENERATE,
    KEY,
    NEXT,
    NOW,
    PEOPLE,
    at_base,
    base,
    ceremony,
    found,
    go_on,
    opened,
    plan,
    state,
    stream,
)  # fmt: skip
from umbane.keycentre import (
    Centre,
    CheckError,
    HeadError,
    StoreError,
    load_centre,
    read_centre,
    read_either,
    read_transcript,
)
from umbane.keycentre.journal import STEPS, head_of, read_journal, replayed, seal_before, sealed_entry
from umbane.keycentre.store import CENTRE_FILE, Secrets, centre_text, replace_file, transcript_text, unsealed
from umbane.security import CentreIdentity, Realm
from umbane.security.documents import canonical, signed

HELD, SHARES = base()
CENTRE, TEXT = HELD.centre, HELD.text
MASTER, SECRETS = opened(CENTRE, SHARES)
IDENTITY = CentreIdentity(CENTRE.card.name, CENTRE.card.realm, SECRETS.seed)
WITNESSED = {"ceremony": "x", "title": "x", "shares_of": tuple(PEOPLE), "confirmed": tuple(PEOPLE)}
TRANSCRIPT = transcript_text(IDENTITY, CENTRE.entries)


def resigned(text: bytes, identity: CentreIdentity = IDENTITY, **changed: object) -> bytes:
    """A file with other fields, signed again: what only the centre itself could do."""
    fields: dict[str, Any] = {**json.loads(text), **changed}
    kind = fields.pop("document")
    del fields["version"], fields["signature"]
    return signed(kind, 1, fields, identity.sign)


def written(secrets: Secrets, *, centre: Centre = CENTRE, master: bytes = MASTER) -> bytes:
    """A centre's file with other secrets in it."""
    return centre_text(IDENTITY, centre.entries, secrets, master=master, nonce=bytes(12))


def test_there_and_back() -> None:
    """A centre is found again in its file and in its transcript, and its secrets with the master key."""
    assert read_centre(TEXT) == CENTRE
    assert read_transcript(TRANSCRIPT).entries == CENTRE.entries
    assert read_transcript(TRANSCRIPT).head == CENTRE.head
    assert SECRETS.keys.keys() == {KEY, DES_KEY}


@pytest.mark.parametrize(("read", "text"), [(read_centre, TEXT), (read_transcript, TRANSCRIPT)], ids=["file", "paper"])
def test_every_bit(read: Any, text: bytes) -> None:  # noqa: ANN401 - one of two functions
    """With any bit flipped, neither is read. Every byte is tried, each with one of its bits; base64 with all."""
    for place in range(len(text)):
        flipped = bytearray(text)
        flipped[place] ^= 1 << place % 8
        with pytest.raises(StoreError):
            read(bytes(flipped))


@given(st.integers(0, len(TEXT) - 1))
def test_cut_short(size: int) -> None:
    """Cut short anywhere, a file isn't read."""
    with pytest.raises(StoreError):
        read_centre(TEXT[:size])


@given(st.binary(max_size=200))
def test_any_bytes(text: bytes) -> None:
    """No bytes are taken for a centre or a transcript."""
    for read in (read_centre, read_either, read_transcript):
        with pytest.raises(StoreError):
            read(text)


def test_either() -> None:
    """Whoever replays a file needn't know whether it is a centre's or a transcript."""
    assert read_either(TEXT).head == read_either(TRANSCRIPT).head == CENTRE.head
    with pytest.raises(StoreError):
        read_either(b"")


def test_swapped_kinds() -> None:
    """A transcript isn't taken for a centre's file, nor the other way."""
    with pytest.raises(StoreError, match="this is the umbane transcript"):
        read_centre(TRANSCRIPT)
    with pytest.raises(StoreError, match="this is the umbane key centre"):
        read_transcript(TEXT)


@pytest.mark.parametrize(
    "changed", [{"more": 1}, {"journal": {}}, {"journal": None}, {"sealed": ""}, {"sealed": None}, {"card": "x"}]
)
def test_wrong_fields(changed: dict[str, Any]) -> None:
    """Other fields than there should be are refused, though the centre signed them."""
    with pytest.raises(StoreError):
        read_centre(resigned(TEXT, **changed))


# -------------------------------------------------------------------------------------------------------------- journal


def journal() -> list[dict[str, Any]]:
    """The entries as they are in the file."""
    entries: list[dict[str, Any]] = json.loads(TEXT)["journal"]
    return entries


@pytest.mark.parametrize("number", range(1, 8))
def test_entries_taken_out(number: int) -> None:
    """A journal that lacks an entry, or has one twice or moved, is refused at that place, though it is signed."""
    for entries in (
        [entry for entry in journal() if entry["number"] != number] or [{}],
        [*journal()[:number], *journal()[number - 1 :]],
        [*journal()[number:], *journal()[:number]],
    ):
        if entries == journal()[:-1]:
            continue  # an older journal is told by its head
        if entries == journal():
            continue
        with pytest.raises(StoreError, match=r"entry \d of the journal was altered"):
            read_centre(resigned(TEXT, journal=entries))


@given(st.data())
def test_altered_entries(data: st.DataObject) -> None:
    """Any field of any entry with another value is refused by the entry's number, though it is signed."""
    entries = journal()
    entry = data.draw(st.sampled_from(entries))
    inside = data.draw(st.sampled_from([entry, entry["step"]]))
    name = data.draw(st.sampled_from(sorted(inside)))
    value = data.draw(st.text(max_size=3) | st.integers() | st.none() | st.lists(st.text(), max_size=2))
    if inside[name] == value:
        return
    inside[name] = value
    with pytest.raises(StoreError, match=f"entry {entries.index(entry) + 1} of the journal"):
        read_centre(resigned(TEXT, journal=entries))


@pytest.mark.parametrize("entry", [{}, {"number": 1}, {**journal()[0], "more": 1}, {**journal()[0], "step": {}}])
def test_no_entries(entry: dict[str, Any]) -> None:
    """What isn't an entry is refused."""
    with pytest.raises(StoreError, match="entry 1 of the journal"):
        read_journal(CENTRE.card, [entry])


def test_what_cant_have_been_done() -> None:
    """A journal that tells of something forbidden is refused, though each seal fits and the centre signed it."""
    entries = list(CENTRE.entries)
    for step, outcome, why in [
        (entries[0].step, entries[0].outcome, "is founded already"),
        (entries[1].step, entries[1].outcome, "a name is used once"),
        (entries[2].step, {}, "active and can't become active"),
        (entries[6].step.model_copy(update={"module": "office"}), {}, "there is no module office"),
    ]:
        content = {
            "number": 8,
            "at": NOW,
            "ceremony": "x",
            "title": "x",
            "shares_of": tuple(PEOPLE),
            "confirmed": tuple(PEOPLE),
        }
        before = seal_before(CENTRE.card, entries)
        more = sealed_entry(before, **content, step=step, outcome=outcome)
        with pytest.raises(StoreError, match=f"entry 8 of the journal can't have been done: .*{why}"):
            replayed(CENTRE.card, [*entries, more])


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"confirmed": ()}, "two people have to confirm"),
        ({"confirmed": ("Thandi Nkosi",)}, "two people have to confirm"),
        ({"confirmed": ("Thandi Nkosi", "thandi nkosi")}, "two people have to confirm"),
        ({"confirmed": ("Zoë", "Zoe\u0308")}, "two people have to confirm"),
        ({"shares_of": ()}, "shares of 2 custodians"),
        ({"shares_of": ("Thandi Nkosi", "Thandi Nkosi")}, "shares of 2 custodians"),
        ({"shares_of": ("Thandi Nkosi", "A stranger")}, "shares of 2 custodians"),
        ({"at": NOW - DAY}, "was done later"),
    ],
)
def test_too_few_people(wrong: dict[str, Any], why: str) -> None:
    """A journal with a step that too few people confirmed or opened the centre for, or out of its time, is refused."""
    content = {"number": 8, "at": NOW, **WITNESSED}
    step = STEPS.validate_python(state("suspended"))
    good = {**content, "step": step, "outcome": {}}
    before = seal_before(CENTRE.card, CENTRE.entries)
    assert replayed(CENTRE.card, [*CENTRE.entries, sealed_entry(before, **good)]).keys[KEY].state == "suspended"
    with pytest.raises(StoreError, match=f"entry 8 of the journal can't have been done: .*{why}"):
        replayed(CENTRE.card, [*CENTRE.entries, sealed_entry(before, **{**good, **wrong})])


@pytest.mark.parametrize(
    "wrong",
    [
        {"confirmed": ("Thandi Nkosi", "\x1b[2JAll 9 entries fit")}, {"title": "\x1b[2J"}, {"ceremony": "\u202e"},
        {"shares_of": ("Thandi Nkosi", "\x07", "Pieter Botha")}, {"outcome": {"file": "\x1b]0;x"}},
        {"outcome": {"file": [5]}}, {"outcome": {"file": 5}}, {"outcome": {"file": ["\x1b"]}}, {"title": 5},
    ],
)  # fmt: skip
def test_what_would_write_on_a_screen(wrong: dict[str, Any]) -> None:
    """A journal that somebody else signed is refused where it would tell a terminal what to do."""
    content: dict[str, Any] = {"number": 8, "at": NOW, **WITNESSED}
    content |= {"step": STEPS.validate_python(state("suspended")), "outcome": {}}
    before = seal_before(CENTRE.card, CENTRE.entries)
    fields = [entry.fields() for entry in CENTRE.entries]
    assert read_journal(CENTRE.card, [*fields, sealed_entry(before, **content).fields()])
    with pytest.raises(StoreError, match="entry 8"):
        read_journal(CENTRE.card, [*fields, sealed_entry(before, **{**content, **wrong}).fields()])


def test_outcomes_that_arent() -> None:
    """A founding without digests is refused when it is replayed."""
    content = {
        "number": 1,
        "at": NOW,
        "ceremony": "x",
        "title": "x",
        "shares_of": tuple(PEOPLE),
        "confirmed": tuple(PEOPLE),
    }
    for outcome in ({}, {"set": "x", "digests": []}, {"set": "00", "digests": 5}, {"set": 5, "digests": []}):
        entry = sealed_entry(seal_before(CENTRE.card, []), **content, step=CENTRE.entries[0].step, outcome=outcome)
        with pytest.raises(StoreError, match="entry 1 of the journal can't have been done"):
            replayed(CENTRE.card, [entry])


# ----------------------------------------------------------------------------------------------------------------- head


def test_heads() -> None:
    """Every entry moves the head, and another centre has another one from the start."""
    heads = {head_of(CENTRE.card, CENTRE.entries[:count]) for count in range(8)}
    assert len(heads) == 8
    assert CENTRE.head in heads
    other, _ = found(FOUND, seed="other")
    assert head_of(other.centre.card, []) not in heads


def test_heads_as_people_type_them() -> None:
    """A head is known in capitals, with spaces for hyphens and around it; what is no head is told as that."""
    head = CENTRE.head
    for text in (head.upper(), head.replace("-", " "), f" {head}\n"):
        CENTRE.require_head(text)
    for text in ("", "new", head[:-1], head.replace("-", ""), head + "-0000"):
        with pytest.raises(HeadError, match="that is no head"):
            CENTRE.require_head(text)


def test_put_back() -> None:
    """An older copy of a centre doesn't know the head on paper, and a ceremony or anybody who asks refuses it."""
    newer = go_on(state("active", DES_KEY)).centre
    newer.require_head(newer.head)
    with pytest.raises(HeadError, match="an older copy was put in its place"):
        CENTRE.require_head(newer.head)
    with pytest.raises(HeadError, match="an older copy was put in its place"):
        ceremony(plan(GENERATE | {"key": NEXT}, head=newer.head), at_base(), CENTRE)


def test_a_ceremony_twice() -> None:
    """A ceremony file that was held already is refused: the centre has gone on since its head."""
    newer = go_on(state("active", DES_KEY)).centre
    with pytest.raises(HeadError, match=r"went on since .*: 1 more step"):
        ceremony(plan(state("suspended"), head=CENTRE.head), at_base(), newer)


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({"head": "new"}, "there is a centre here already"),
        ({"centre": "other"}, "for other of"),
        ({"realm": "test"}, "test"),
    ],
)
def test_another_centre(others: dict[str, str], said: str) -> None:
    """A ceremony file for another centre, another realm, or one to be founded is refused."""
    text = plan(GENERATE | {"key": NEXT}, **{"head": CENTRE.head, **others})
    with pytest.raises(HeadError, match=said):
        ceremony(text, at_base(), CENTRE)


def test_no_centre() -> None:
    """A ceremony file for a centre that is there is refused where there is none."""
    with pytest.raises(HeadError, match="there is no centre here"):
        ceremony(plan(GENERATE, head=CENTRE.head), at_base())


# -------------------------------------------------------------------------------------------------------------- secrets


def test_other_keys_dont_open() -> None:
    """The sealed part opens with the master key only, and only under its own journal."""
    for flip in range(256):
        wrong = bytes(byte ^ (1 << flip % 8 if n == flip // 8 else 0) for n, byte in enumerate(MASTER))
        with pytest.raises(StoreError, match="doesn't open"):
            unsealed(CENTRE, wrong)
    nothing = Secrets(SECRETS.seed, {})
    older = read_centre(centre_text(IDENTITY, CENTRE.entries[:1], nothing, master=MASTER, nonce=bytes(12)))
    mixed = Centre(CENTRE.card, CENTRE.entries, older.sealed)
    with pytest.raises(StoreError, match="doesn't open"):
        unsealed(mixed, MASTER)


@pytest.mark.parametrize("size", [0, 11, 12, 27, 60])
def test_cut_seals(size: int) -> None:
    """A sealed part that is cut short doesn't open."""
    with pytest.raises(StoreError, match="doesn't open"):
        unsealed(Centre(CENTRE.card, CENTRE.entries, CENTRE.sealed[:size]), MASTER)


def test_other_secrets() -> None:
    """Sealed secrets that aren't those of the journal are found by their check values, whoever sealed them."""
    good = dict(SECRETS.keys)
    for keys, said in [
        ({KEY: good[KEY]}, "aren't those that the journal tells"),
        ({**good, NEXT: good[KEY]}, "aren't those that the journal tells"),
        ({**good, KEY: stream("x")(20)}, "and the journal says"),
        ({**good, KEY: good[DES_KEY]}, "check value none"),
    ]:
        with pytest.raises(CheckError, match=said):
            unsealed(read_centre(written(Secrets(SECRETS.seed, keys))), MASTER)
    with pytest.raises(CheckError, match="own key isn't the one of its card"):
        unsealed(read_centre(written(Secrets(bytes(32), good))), MASTER)


@pytest.mark.parametrize(
    "inside", [b"", b"{}\n", canonical({"seed": "x", "keys": {}}), canonical({"seed": "", "keys": 5})]
)
def test_no_secrets(inside: bytes) -> None:
    """What is sealed and isn't secrets is refused."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - only here

    sealed = bytes(12) + AESGCM(MASTER).encrypt(bytes(12), inside, CENTRE.head.encode())
    with pytest.raises(StoreError, match="doesn't open"):
        unsealed(Centre(CENTRE.card, CENTRE.entries, sealed), MASTER)


def test_nothing_shown() -> None:
    """Secrets show nothing of themselves and can't be copied; the file has no key in the open."""
    for bits in (*SECRETS.keys.values(), SECRETS.seed, MASTER):
        for text in (repr(SECRETS), repr(CENTRE), TEXT.decode(), TRANSCRIPT.decode()):
            assert bits.hex() not in text
            assert repr(bits)[2:-1] not in text
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="not copied"):
            attempt(SECRETS)


# --------------------------------------------------------------------------------------------------------------- folder


def test_folders(tmp_path: Path) -> None:
    """A centre is read from its folder, only its owner can read it, and nothing else is left there."""
    replace_file(tmp_path / CENTRE_FILE, TEXT)
    assert load_centre(tmp_path) == CENTRE
    assert [path.name for path in tmp_path.iterdir()] == [CENTRE_FILE]
    assert (tmp_path / CENTRE_FILE).stat().st_mode & 0o777 == 0o600


def test_no_folder(tmp_path: Path) -> None:
    """A folder without a centre, or a place that can't be written to, is told by its name."""
    with pytest.raises(StoreError, match="can't be read"):
        load_centre(tmp_path)
    with pytest.raises(StoreError, match="nothing was changed"):
        replace_file(tmp_path / "none" / CENTRE_FILE, TEXT)


def test_a_crash_while_writing(tmp_path: Path) -> None:
    """What a crash leaves half-written beside the file does no harm, and the next writing clears it away."""
    replace_file(tmp_path / CENTRE_FILE, TEXT)
    (tmp_path / f".{CENTRE_FILE}.new").write_bytes(TEXT[:100])
    assert load_centre(tmp_path) == CENTRE
    newer = go_on(state("active", DES_KEY), at=NOW + DAY).text
    replace_file(tmp_path / CENTRE_FILE, newer)
    assert load_centre(tmp_path) == read_centre(newer)
    assert [path.name for path in tmp_path.iterdir()] == [CENTRE_FILE]


def test_a_disk_that_refuses(tmp_path: Path) -> None:
    """When the new file can't be put in its place, the old one is as it was."""
    folder = tmp_path / CENTRE_FILE
    folder.mkdir()
    (folder / "x").touch()
    with pytest.raises(StoreError, match="can't be put in the place"):
        replace_file(folder, TEXT)
    assert [path.name for path in folder.iterdir()] == ["x"]


def test_another_realm_of_the_same_name() -> None:
    """A file that another centre of the same name signed is its own, with another card and head."""
    twin = CentreIdentity(CENTRE.card.name, Realm.PRODUCTION, b"T" * 32)
    with pytest.raises(StoreError):
        read_centre(resigned(TEXT, twin))
