"""A module of its own: sealed or at work, its keys, its quotas, and every way to put something old in its place."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.security.process.support import CHEAP, PEOPLE, founded, loaded, unsealed
from tests.security.support import DEFAULT, GROUP, KEY, MOMENT, NEXT, change, credit, reasons, request, requests
from umbane.security import (
    CustodianError,
    Issued,
    JournalError,
    KeyClashError,
    ModuleBusyError,
    ModuleError,
    OlderModuleError,
    Quota,
    QuotaError,
    Realm,
    RealmError,
    Refused,
    SealedError,
    TokenRequest,
    UnauthorisedError,
    UnknownKeyError,
    UnsupportedError,
    VendingKeyName,
    published_key,
)
from umbane.security.attesting import read_attestation
from umbane.security.chain import Entry, Position, plain, sealed
from umbane.security.documents import canonical, instant_text
from umbane.security.envelope import Envelope
from umbane.security.errors import (
    AlteredError,
    DocumentError,
    ExpiredError,
    OtherModuleError,
    ReplayedError,
    WrongCentreError,
)
from umbane.security.identity import CentreIdentity, ModuleCard
from umbane.security.loadfile import KeyGrant, KeyUse, load_file
from umbane.security.process.founding import found_module, now, published_grant
from umbane.security.process.host import Host
from umbane.security.process.keystore import KeyStore
from umbane.security.topup import TopUp, top_up_order
from umbane.sts import KRN, KT, ClearTamperCondition, CurrencyCredit, InitiateTest, Service

CENTRE = CentreIdentity("centre", Realm.TEST, b"C" * 32)
STRANGER = CentreIdentity("centre", Realm.TEST, b"S" * 32)
HOUR = timedelta(hours=1)
HELD = published_key(GROUP, KRN(1))
NAME = VendingKeyName(GROUP, KRN(1), KT.DUTK)


def grant(quota: Quota = Quota(10, 5000), uses: frozenset[KeyUse] = frozenset(KeyUse), krn: int = 1) -> KeyGrant:  # noqa: B008 - a tuple
    """A key for an hour."""
    moment = now().replace(microsecond=0)
    return KeyGrant(published_key(GROUP, KRN(krn)), moment - HOUR, moment + 9 * HOUR, moment + HOUR, uses, quota)


def envelope(card: ModuleCard, serial: int, centre: CentreIdentity = CENTRE) -> Envelope:
    """What is on the outside of something that the centre sends."""
    moment = now().replace(microsecond=0)
    return Envelope.to(card, centre.card, serial, made_at=moment - HOUR, expires_at=moment + HOUR)


def file_of(card: ModuleCard, serial: int, *grants: KeyGrant, centre: CentreIdentity = CENTRE) -> bytes:
    """A key load file."""
    return load_file(envelope(card, serial, centre), grants or (grant(),), card, centre)


def order_of(card: ModuleCard, serial: int, tokens: int = 0, units: int = 0, key: VendingKeyName = NAME) -> bytes:
    """A top-up order."""
    return top_up_order(TopUp(envelope(card, serial), key, tokens, units), CENTRE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A new module that knows a centre, with a witness elsewhere."""
    path, witness = tmp_path / "module", tmp_path / "elsewhere" / "witness"
    found_module(path, "tested", Realm.TEST, PEOPLE, 2, centre=CENTRE.card, witness=witness, cost=CHEAP)
    return path


@pytest.fixture
def host(folder: Path) -> Iterator[Host]:
    """It, unsealed and with one key, by load file number 5."""
    with closing(unsealed(folder)) as host:
        host.load(file_of(host.store.card, 5))
        yield host


def issue(host: Host, *asked: TokenRequest) -> list[Issued | Refused]:
    """Ask for tokens, and wait until they are on the disk."""
    core = host.require_opened().core
    answers = core.issue(asked)
    core.journal.keep(core.journal.end)
    return answers


# ----------------------------------------------------------------------------------------------------- sealed, unsealed


def test_sealed_at_first(folder: Path) -> None:
    """A module is sealed when its process starts, and does nothing that needs a key."""
    with closing(Host(folder)) as host:
        assert host.standing().is_sealed
        for act in (lambda: host.load(b""), lambda: host.top_up(b""), lambda: host.attest(b"x"), host.require_opened):
            with pytest.raises(SealedError, match="its custodians have to unseal it"):
                act()
        with pytest.raises(SealedError):
            host.raise_quota(NAME, 1, 1, ["ada", "ben"])


def test_unsealing(folder: Path) -> None:
    """It takes two of three, in any order; the same one twice is one; a slip changes nothing."""
    with closing(Host(folder)) as host:
        assert host.give("cyd", PEOPLE["cyd"]).given == ("cyd",)
        assert host.give("cyd", PEOPLE["cyd"]).is_sealed
        with pytest.raises(CustodianError):
            host.give("ada", "something else")
        assert host.standing().given == ("cyd",)
        assert not host.give("ada", PEOPLE["ada"]).is_sealed
        assert not host.give("ben", "no matter what").is_sealed


def test_sealed_again(host: Host) -> None:
    """Sealed again, a module makes nothing, and asks for its custodians anew."""
    host.seal()
    assert host.standing().given == ()
    with pytest.raises(SealedError):
        host.require_opened()


def test_one_process(host: Host) -> None:
    """A module is one process's alone, sealed or not."""
    with pytest.raises(ModuleBusyError):
        Host(host.folder)


def test_copy_of_a_process(host: Host) -> None:
    """In a copy of the process nothing works."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        for act in (lambda: issue(host, *requests(1)), lambda: host.attest(b"x"), lambda: host.load(b"")):
            try:
                act()
            except JournalError:
                os.write(writing, b"refused ")
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 99) == b"refused " * 3
    os.close(reading)
    os.close(writing)
    assert reasons(issue(host, *requests(1))) == {}


@pytest.mark.parametrize("threshold", [1, 2])
def test_production(tmp_path: Path, threshold: int) -> None:
    """A module of the production realm has a centre of that realm, and no person unseals it alone."""
    with pytest.raises(RealmError):
        found_module(tmp_path / "m", "shop", Realm.PRODUCTION, PEOPLE, threshold, cost=CHEAP)
    with pytest.raises(RealmError):
        found_module(tmp_path / "m", "shop", Realm.PRODUCTION, PEOPLE, threshold, centre=CENTRE.card, cost=CHEAP)
    assert not (tmp_path / "m").exists()


def test_no_published_keys_in_production(tmp_path: Path) -> None:
    """A module of the production realm takes no key that anybody can compute."""
    centre = CentreIdentity("centre", Realm.PRODUCTION, b"P" * 32)
    found_module(tmp_path, "shop", Realm.PRODUCTION, PEOPLE, 2, centre=centre.card, cost=CHEAP)
    with closing(unsealed(tmp_path)) as host, pytest.raises(RealmError):
        host.load_published([published_grant(HELD, Quota())])


@pytest.mark.parametrize("name", ["folder", "witness"])
def test_not_over_another(tmp_path: Path, name: str) -> None:
    """No module is made over another one, nor with another one's witness."""
    witness = tmp_path / "w"
    loaded(tmp_path / "a", witness=witness)
    with pytest.raises(ModuleBusyError):
        founded(tmp_path / ("a" if name == "folder" else "b"), witness=None if name == "folder" else witness)


def test_its_owners_alone(tmp_path: Path) -> None:
    """The folder of a module is its owner's alone, even if it was there before and everybody's."""
    (tmp_path / "m").mkdir()
    (tmp_path / "m").chmod(0o777)
    founded(tmp_path / "m")
    assert (tmp_path / "m").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", ["folder", "witness"])
def test_no_room(tmp_path: Path, name: str) -> None:
    """Where no folder can be made, for the module or for its witness, none is made, and the place is named."""
    (tmp_path / "file").write_bytes(b"x")
    folder = tmp_path / ("file/m" if name == "folder" else "m")
    with pytest.raises(ModuleBusyError, match=r"no module can be made there: Not a directory: .*/file"):
        founded(folder, witness=tmp_path / "file" / "w" / "w")


# ----------------------------------------------------------------------------------------------------------------- keys


def test_load_file(host: Host) -> None:
    """A key load file gives keys; they are there when the module is unsealed the next time."""
    assert reasons(issue(host, *requests(3))) == {}
    assert host.load(file_of(host.store.card, 6, grant(krn=2))) == 1
    assert reasons(issue(host, request(key=NEXT))) == {}
    host.close()
    with closing(unsealed(host.folder)) as again:
        assert reasons(issue(again, request(key=NEXT), *requests(3))) == {}


def test_refused_files(host: Host, tmp_path: Path) -> None:
    """A file that was taken before, an older one, another module's and another centre's are refused by that name."""
    card, other = host.store.card, KeyStore.read((founded(tmp_path / "b") / "module.keys").read_bytes()).card
    before = host.require_opened().core.journal.end
    for text, error in {
        file_of(card, 5): ReplayedError,
        file_of(card, 4, grant(Quota())): ReplayedError,
        file_of(other, 6): OtherModuleError,
        file_of(card, 6, centre=STRANGER): WrongCentreError,
        file_of(card, 6)[:-9]: AlteredError,
        order_of(card, 6): DocumentError,
    }.items():
        with pytest.raises(error):
            host.load(text)
    assert host.require_opened().core.journal.end == before


def test_replayed_after_unsealing(host: Host) -> None:
    """The number of the last file is in the journal: to seal and unseal the module doesn't make it take one again."""
    text = file_of(host.store.card, 6)
    host.load(text)
    host.close()
    with closing(unsealed(host.folder)) as again, pytest.raises(ReplayedError):
        again.load(text)


def test_no_centre(tmp_path: Path) -> None:
    """A module that knows no centre takes neither files nor orders."""
    with closing(unsealed(loaded(tmp_path))) as host:
        for act in (host.load, host.top_up):
            with pytest.raises(UnsupportedError):
                act(b"")


def test_taken_away(host: Host) -> None:
    """A key that a file gives no use is erased: no file of keys has it any more, and what it made isn't told again."""
    asked = requests(2)
    issue(host, *asked)
    assert host.load(file_of(host.store.card, 6, grant(uses=frozenset()), grant(krn=2))) == 2
    assert reasons(issue(host, *asked, request())) == dict.fromkeys(range(3), UnknownKeyError)
    assert host.require_opened().core.status().keys == 1
    host.close()
    with closing(unsealed(host.folder)) as again:
        assert [it.key.krn for it in again.require_opened().contents.grants] == [KRN(2)]
        assert reasons(issue(again, *asked, request(key=NEXT))) == dict.fromkeys(range(2), UnknownKeyError)
        assert again.require_opened().core.counters.all()[NAME].tokens == 2


def test_another_key_after_it_was_taken_away(host: Host) -> None:
    """Nor does another key come under the name of one that made tokens and was taken away."""
    issue(host, *requests(1))
    host.load(file_of(host.store.card, 6, grant(uses=frozenset())))
    other = replace(HELD, key=replace(HELD.key, secret=bytes(20)))
    with pytest.raises(KeyClashError):
        host.load(file_of(host.store.card, 7, replace(grant(), held=other)))
    host.load(file_of(host.store.card, 7))
    assert reasons(issue(host, *requests(1))) == {}


def test_published_twice(tmp_path: Path) -> None:
    """Nobody raises a quota by giving the module a published key that it has: that takes two custodians."""
    with closing(unsealed(loaded(tmp_path, Quota(2, 200)))) as host:
        for quota in (Quota(9, 900), Quota()):
            with pytest.raises(KeyClashError, match="is here already"):
                host.load_published([published_grant(HELD, quota)])
        assert host.require_opened().core.limits.quotas()[NAME] == Quota(2, 200)


def test_another_key_of_the_name(host: Host) -> None:
    """Another key under the name of one that is here, or that made tokens, is refused, and nothing changes."""
    other = replace(HELD, key=replace(HELD.key, secret=bytes(20)))
    before = (host.folder / "module.keys").read_bytes()
    issue(host, *requests(1))
    with pytest.raises(KeyClashError):
        host.load_published([replace(grant(), held=other)])
    assert (host.folder / "module.keys").read_bytes() == before


# --------------------------------------------------------------------------------------------------- limits and top-ups


def test_quota_of_tokens(host: Host) -> None:
    """A key makes as many tokens as it may, and not one more, in one list or in several, and whatever they are."""
    answers = issue(host, *requests(8), request(token=InitiateTest.everything()), *requests(3))
    assert reasons(answers) == {10: QuotaError, 11: QuotaError}
    assert reasons(issue(host, request())) == {0: QuotaError}
    assert reasons(host.require_opened().core.change_keys([change(new=KEY._replace(ti=NEXT.ti))])) == {0: QuotaError}


def test_quota_of_units(host: Host) -> None:
    """A key makes as much credit as it may; what is too much is refused, and a smaller amount after it isn't."""
    asked = [request(token=credit(units)) for units in (3000, 2001, 2000, 1)]
    assert reasons(issue(host, *asked)) == {1: QuotaError, 3: QuotaError}
    assert host.require_opened().core.counters.all()[NAME] == (2, 5000)


def test_no_currency(host: Host) -> None:
    """A key whose credit is limited makes none in currency, which can't be counted in units."""
    money = request(token=CurrencyCredit(Service.ELECTRICITY, 100, MOMENT))
    assert reasons(issue(host, money)) == {0: QuotaError}


def test_known_requests_need_no_quota(host: Host) -> None:
    """What was made once is told again when the quota is used up."""
    asked = requests(10)
    first = issue(host, *asked)
    assert reasons(issue(host, request())) == {0: QuotaError}
    assert issue(host, *asked) == first


def test_top_up(host: Host) -> None:
    """An order of the centre raises a quota by what it says, once, however often it comes."""
    issue(host, *requests(10))
    order = order_of(host.store.card, 6, tokens=2, units=100)
    for _ in range(3):
        host.top_up(order)
    assert host.require_opened().core.limits.quotas()[NAME] == Quota(12, 5100)
    assert reasons(issue(host, *requests(3, units=1))) == {2: QuotaError}


def test_refused_orders(host: Host) -> None:
    """An older order, a key load file, and an order for a key without a quota are refused."""
    card = host.store.card
    host.top_up(order_of(card, 7, tokens=1))
    for text, error in {
        order_of(card, 6, tokens=9): ReplayedError,
        order_of(card, 7, tokens=9): ReplayedError,
        order_of(card, 8, key=NAME._replace(krn=KRN(7))): AlteredError,
        file_of(card, 8): DocumentError,
    }.items():
        with pytest.raises(error):
            host.top_up(text)
    assert host.require_opened().core.limits.quotas()[NAME] == Quota(11, 5000)


def test_two_custodians(host: Host) -> None:
    """Two custodians raise a quota together; one of them can't, nor two of whom one is wrong."""
    host.require_custodians({name: PEOPLE[name] for name in ("ada", "ben")})
    for people in ({"ada": PEOPLE["ada"]}, {}, {"ada": PEOPLE["ada"], "ben": PEOPLE["ada"]}):
        with pytest.raises(CustodianError):
            host.require_custodians(people)
    host.raise_quota(NAME, 5, 0, ["ada", "ben"])
    assert host.require_opened().core.limits.quotas()[NAME] == Quota(15, 5000)
    with pytest.raises(AlteredError, match="never lowered"):
        host.raise_quota(NAME, -1, 0, ["ada", "ben"])


def test_quotas_stay(host: Host) -> None:
    """Quotas and what was raised of them are known when the module is unsealed again; a newer file says anew."""
    host.raise_quota(NAME, 5, 7, ["ada", "ben"])
    host.close()
    with closing(unsealed(host.folder)) as again:
        assert again.require_opened().core.limits.quotas()[NAME] == Quota(15, 5007)
        again.load(file_of(again.store.card, 6, grant(Quota(3, 3))))
        assert again.require_opened().core.limits.quotas()[NAME] == Quota(3, 3)


def test_quota_lifted(host: Host) -> None:
    """A newer file that sets no limit, or one of two, lifts those that were set, at once and for later."""
    issue(host, *requests(10))
    host.load(file_of(host.store.card, 6, grant(Quota(None, 6000))))
    assert reasons(issue(host, *requests(1))) == {}
    host.load(file_of(host.store.card, 7, grant(Quota())))
    assert host.require_opened().core.limits.quotas() == {}
    host.close()
    with closing(unsealed(host.folder)) as again:
        assert again.require_opened().core.limits.quotas() == {}
        assert reasons(issue(again, *requests(60))) == {}


def test_quota_without_end(host: Host) -> None:
    """A quota isn't raised beyond what a file could have given, by which nobody could be told of it any more."""
    with pytest.raises(AlteredError, match="whole number"):
        host.raise_quota(NAME, (1 << 63) - 1, 0, ["ada", "ben"])
    assert host.require_opened().core.limits.quotas()[NAME] == Quota(10, 5000)


USES = {
    KeyUse.CREDIT: request(),
    KeyUse.ENGINEERING: request(token=ClearTamperCondition(tid=MOMENT, rnd=1)),
}


@pytest.mark.parametrize("use", list(KeyUse))
def test_uses(folder: Path, use: KeyUse) -> None:
    """A key is used for what its file says, and for nothing else."""
    with closing(unsealed(folder)) as host:
        host.load(file_of(host.store.card, 1, grant(Quota(), frozenset({use})), grant(Quota(), krn=2)))
        answers = dict(zip(USES, issue(host, *USES.values()), strict=True))
        core = host.require_opened().core
        answers[KeyUse.CHANGE_FROM], answers[KeyUse.CHANGE_TO] = core.change_keys([change(), change(key=NEXT, new=KEY)])
        refused = {name for name, answer in answers.items() if isinstance(answer, Refused)}
        assert refused == set(KeyUse) - {use}
        assert {type(it.reason) for it in answers.values() if isinstance(it, Refused)} == {UnauthorisedError}
        assert reasons(issue(host, request(token=InitiateTest.everything()))) == {}


def at(host: Host, moment: datetime) -> list[Issued | Refused]:
    """What a module answers at another time of day."""
    host.require_opened().core.clock = lambda: moment
    return issue(host, *requests(1))


def test_times(host: Host) -> None:
    """Before its time a key makes nothing, and from the moment on that the module is inhibited it makes nothing."""
    second, start = timedelta(seconds=1), now().replace(microsecond=0) + HOUR
    limits = replace(grant(), active_from=start, issue_until=start + HOUR)
    host.load(file_of(host.store.card, 6, limits))
    assert reasons(at(host, start - second)) == {0: UnauthorisedError}
    assert reasons(at(host, start)) == {}
    assert reasons(at(host, limits.issue_until - second)) == {}
    assert reasons(at(host, limits.issue_until)) == {0: UnauthorisedError}


def test_clock_set_back(host: Host) -> None:
    """A module that has seen a key's time end makes nothing more with it, wherever its clock is set, until it may."""
    start = now()
    end = host.require_opened().contents.grants[0].issue_until
    assert reasons(at(host, end)) == {0: UnauthorisedError}
    assert reasons(at(host, start)) == {0: UnauthorisedError}
    host.close()
    with closing(unsealed(host.folder)) as again:
        refused = at(again, start)
        assert reasons(refused) == {0: UnauthorisedError}
        assert f"and it is {instant_text(end)}" in str(refused[0])
        card, later = again.store.card, replace(grant(), issue_until=end + HOUR)
        again.load(load_file(replace(envelope(card, 6), expires_at=end + HOUR), [later], card, CENTRE))
        assert reasons(at(again, start)) == {}


def test_clock_set_back_before_its_end(host: Host) -> None:
    """What a module made once it doesn't make before: no file or order is taken whose time was over by then."""
    start = now()
    card = host.store.card
    host.load(file_of(card, 6, replace(grant(), issue_until=start.replace(microsecond=0) + 5 * HOUR)))
    assert reasons(at(host, start + 2 * HOUR)) == {}
    host.close()
    with closing(unsealed(host.folder)) as again:
        again.require_opened().core.clock = lambda: start
        for act, text in ((again.load, file_of(card, 7)), (again.top_up, order_of(card, 7, tokens=5))):
            with pytest.raises(ExpiredError):
                act(text)


def test_clock_is_written_seldom(host: Host) -> None:
    """The time is in the journal once an hour at the most, and not with every batch."""
    start = now()
    minutes = [reasons(at(host, start + timedelta(minutes=minute))) for minute in range(1, 50, 7)]
    assert minutes == [{}] * 7
    assert (host.folder / "tested.journal").read_text().count(" clock ") == 1


def test_unlimited_key(tmp_path: Path) -> None:
    """A published key without a quota goes as far as anybody likes, beside others that don't."""
    with closing(unsealed(loaded(tmp_path))) as host:
        assert reasons(issue(host, *requests(40))) == {}
        assert reasons(issue(host, request(key=DEFAULT, token=InitiateTest.everything()))) == {}
        with pytest.raises(AlteredError):
            host.raise_quota(NAME, 1, 1, ["ada", "ben"])


# -------------------------------------------------------------------------------------------------------- what it signs


def test_attestation(host: Host) -> None:
    """A module signs its status, counters and quotas together with a challenge."""
    issue(host, *requests(2))
    said = read_attestation(host.attest(b"now"), host.store.card, b"now")
    core = host.require_opened().core
    assert (said.status, said.counters, said.quotas) == (core.status(), core.counters.all(), core.limits.quotas())


def test_false_attestations(host: Host, tmp_path: Path) -> None:
    """An old statement, one of another module, an altered one and one without meaning are refused."""
    said, card = host.attest(b"then"), host.store.card
    other = KeyStore.read((founded(tmp_path / "b") / "module.keys").read_bytes()).card
    with pytest.raises(AlteredError, match="another challenge"):
        read_attestation(said, card, b"now")
    with pytest.raises(AlteredError):
        read_attestation(said, other, b"then")
    with pytest.raises(AlteredError):
        read_attestation(replace(said, statement=said.statement.replace(b'"count": 0', b'"count": 9')), card, b"then")
    for challenge in (b"", b"x" * 65):
        with pytest.raises(AlteredError):
            host.attest(challenge)
    text = canonical({"document": "umbane module statement", "version": 1, "challenge": "bm93"})
    signed = replace(said, statement=text, signature=host.require_opened().identity.sign(text))
    with pytest.raises(AlteredError, match="no meaning"):
        read_attestation(signed, card, b"now")


# ---------------------------------------------------------------------------------------- something old, something else


def copy(folder: Path, name: str) -> Path:
    """A copy of a folder, for later."""
    return Path(shutil.copytree(folder, folder.parent / name))


def put_back(old: Path, folder: Path) -> None:
    """The folder as it was."""
    shutil.rmtree(folder)
    shutil.copytree(old, folder)


def test_older_copy(host: Host) -> None:
    """Last week's copy of the whole folder, put back, is refused: the witness on another disk knows better."""
    issue(host, *requests(2))
    host.seal()
    old = copy(host.folder, "old")
    host.close()
    with closing(unsealed(host.folder)) as later:
        issue(later, *requests(1))
    put_back(old, host.folder)
    with pytest.raises(OlderModuleError, match=r"its witness saw tested\.journal at 3 tokens"):
        unsealed(host.folder)


def test_cut_where_a_seal_fits(host: Host) -> None:
    """A journal cut behind any of its seals, with a mark that fits, is refused: the witness saw more."""
    for _ in range(3):
        issue(host, *requests(2))
    host.close()
    journal, mark = host.folder / "tested.journal", host.folder / "tested.mark"
    whole, lines = journal.read_bytes(), journal.read_bytes().splitlines(keepends=True)
    ends = [place for place, line in enumerate(lines, 1) if line.startswith(b"=") and place < len(lines)]
    assert len(ends) == 5
    for place in ends:
        content, (_, count, seal) = b"".join(lines[:place]), lines[place - 1].decode().split()
        journal.write_bytes(content)
        mark.write_text(f"{count} {len(content):015} {seal}\n")
        with pytest.raises(OlderModuleError):
            unsealed(host.folder)
    journal.write_bytes(whole)


def test_older_quota(host: Host) -> None:
    """A copy from before a quota was used up is refused even if no token was made since: every entry counts."""
    host.seal()
    old = copy(host.folder, "old")
    host.close()
    with closing(unsealed(host.folder)) as later:
        later.load(file_of(later.store.card, 9, grant(Quota(1, 1))))
    put_back(old, host.folder)
    with pytest.raises(OlderModuleError):
        unsealed(host.folder)


def test_older_keys(host: Host) -> None:
    """An older file of keys beside the newest journal is refused."""
    old = (host.folder / "module.keys").read_bytes()
    host.load(file_of(host.store.card, 6, grant(krn=2)))
    host.close()
    (host.folder / "module.keys").write_bytes(old)
    with pytest.raises(JournalError, match=r"module\.keys is not the file that the journal noted last"):
        unsealed(host.folder)


@pytest.mark.parametrize("gone", [["tested.journal"], ["tested.mark"], ["tested.journal", "tested.mark"]])
def test_journal_gone(host: Host, gone: list[str]) -> None:
    """Without its journal or its mark, or both, a module makes nothing."""
    issue(host, *requests(2))
    host.close()
    for name in gone:
        (host.folder / name).unlink()
    with pytest.raises(JournalError):
        unsealed(host.folder)


def test_journal_and_witness_gone(host: Host) -> None:
    """Without journal, mark and witness it is no new module: the file of its keys is in no journal then."""
    issue(host, *requests(2))
    host.close()
    for path in (*host.folder.glob("tested.*"), Path(str(host.store.witness))):
        path.unlink()
    with pytest.raises(JournalError, match="noted last"):
        unsealed(host.folder)


@pytest.mark.parametrize("content", [None, b""], ids=["gone", "emptied"])
def test_witness_gone(host: Host, content: bytes | None) -> None:
    """A module whose witness was removed or emptied makes nothing."""
    host.close()
    witness = Path(str(host.store.witness))
    witness.unlink()
    if content is not None:
        witness.write_bytes(content)
    with pytest.raises(OlderModuleError, match="its witness saw nothing"):
        unsealed(host.folder)


def test_witness_altered(host: Host) -> None:
    """A witness that is no such line any more, or another module's, is refused."""
    host.close()
    witness = Path(str(host.store.witness))
    for text in (b"x", witness.read_bytes().replace(b"0", b"1", 1)):
        witness.write_bytes(text)
        with pytest.raises(JournalError):
            unsealed(host.folder)


def test_witness_fails(host: Host) -> None:
    """A module that can't tell its witness how far it is answers nobody any more."""
    files = host.require_opened().core.journal.require_open()
    assert files.witness
    os.close(files.witness.file)
    with pytest.raises(JournalError):
        issue(host, *requests(1))
    with pytest.raises(JournalError):
        host.require_opened()
    files.witness.file = os.open(os.devnull, os.O_RDWR)


def test_forged_journal(tmp_path: Path) -> None:
    """Who can write to the folder can't add to the journal: its seals need a secret that is among the keys."""
    folder = loaded(tmp_path)
    journal, mark = folder / "tested.journal", folder / "tested.mark"
    tokens, size, seal = mark.read_text().split()
    content, batch = sealed(Position(int(tokens), int(size), seal), [Entry(0, "quota 123456 1 2 - -")], plain)
    with journal.open("ab") as file:
        file.write(content)
    mark.write_text(f"{batch.end.tokens:012} {batch.end.size:015} {batch.end.seal}\n")
    with pytest.raises(JournalError, match="don't fit their seal"):
        unsealed(folder)


def test_crash_between_journal_and_keys(host: Host) -> None:
    """A crash after the journal noted new keys, and before they were in their place, is made good the next time."""
    folder, old = host.folder, (host.folder / "module.keys").read_bytes()
    host.load(file_of(host.store.card, 6, grant(krn=2)))
    host.close()
    (folder / "module.keys").rename(folder / "module.keys.new")
    (folder / "module.keys").write_bytes(old)
    with closing(unsealed(folder)) as again:
        assert reasons(issue(again, request(key=NEXT))) == {}
    assert not (folder / "module.keys.new").exists()


def test_keys_that_cant_be_replaced(host: Host) -> None:
    """New keys that can't be put in their place, or not be written, stop the module until it was opened again."""
    folder, old = host.folder, (host.folder / "module.keys").read_bytes()
    (folder / "module.keys").unlink()
    (folder / "module.keys" / "in the way").mkdir(parents=True)
    for act in (lambda: host.load(file_of(host.store.card, 6, grant(krn=2))), lambda: issue(host, *requests(1))):
        with pytest.raises(JournalError):
            act()
    host.close()
    shutil.rmtree(folder / "module.keys")
    (folder / "module.keys").write_bytes(old)
    with closing(unsealed(folder)) as again:
        assert reasons(issue(again, request(key=NEXT))) == {}
        (folder / "module.keys.new").mkdir()
        with pytest.raises(JournalError):
            again.load(file_of(host.store.card, 7, grant(krn=3)))


def calls_of(act: Callable[[], object]) -> list[str]:
    """The calls by which something is written, waited for and renamed, in their order."""
    wanted, called = (os.pwrite, os.fsync, os.fdatasync, os.replace), list[str]()

    def profile(_frame: object, event: str, function: Any) -> None:  # noqa: ANN401 - as Python calls it
        if event == "c_call" and any(function is one for one in wanted):
            called.append(function.__name__)

    sys.setprofile(profile)
    try:
        act()
    finally:
        sys.setprofile(None)
    return called


@pytest.mark.skipif(sys.platform != "linux", reason="other systems wait for the disk by other calls")
def test_order_on_the_disk(host: Host) -> None:
    """New keys and their name are on the disk before the journal speaks of them, and that before they are in place."""
    called = calls_of(lambda: host.load(file_of(host.store.card, 6, grant(krn=2))))
    journal = called.index("fdatasync")
    assert called[:journal] == ["pwrite", "fsync", "fsync", "pwrite"]
    assert called[journal + 1 :] == ["pwrite", "pwrite", "replace", "fsync"]


@pytest.fixture(scope="module")
def artefacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all that a module stores: its own folder, and its witness beside that."""
    folder = tmp_path_factory.mktemp("artefacts")
    with closing(unsealed(loaded(folder / "m", witness=folder / "w"))) as host:
        for _ in range(2):
            issue(host, *requests(2))
    return folder


def turned(content: bytes, place: int) -> bytes:
    """Some bytes with a bit of one of them another one."""
    return content[:place] + bytes([content[place] ^ 1 << place % 8]) + content[place + 1 :]


@pytest.mark.parametrize("name", ["m/tested.journal", "m/tested.mark", "w"])
def test_any_byte_of_any_file(artefacts: Path, name: str) -> None:
    """With a bit of any byte of what it writes another one, or with an end of it cut off, a module makes nothing."""
    content = (artefacts / name).read_bytes()
    cuts = [content[:place] for place in range(0, len(content), 7)]
    for text in (*map(partial(turned, content), range(len(content))), *cuts):
        (artefacts / name).write_bytes(text)
        with pytest.raises(ModuleError):
            unsealed(artefacts / "m")
    (artefacts / name).write_bytes(content)


def test_older_keys_and_half_a_file(host: Host) -> None:
    """Half of a new file beside older keys doesn't make them the newest."""
    old = (host.folder / "module.keys").read_bytes()
    host.load(file_of(host.store.card, 6, grant(krn=2)))
    host.close()
    (host.folder / "module.keys").write_bytes(old)
    for content in (b"half a fi", old):
        (host.folder / "module.keys.new").write_bytes(content)
        with pytest.raises(JournalError, match="noted last"):
            unsealed(host.folder)


def test_crash_before_the_journal(host: Host) -> None:
    """A crash before the journal noted new keys leaves the old ones, and the same file can be loaded again."""
    (host.folder / "module.keys.new").write_bytes(b"half a fi")
    host.close()
    with closing(unsealed(host.folder)) as again:
        assert reasons(issue(again, *requests(1))) == {}
        again.load(file_of(again.store.card, 6))


def test_no_lock(host: Host) -> None:
    """A module that can't be kept for one process isn't opened."""
    host.close()
    (host.folder / "module.lock").unlink()
    (host.folder / "module.lock").mkdir()
    with pytest.raises(JournalError, match=r"can't be used: module\.lock: Is a directory"):
        Host(host.folder)


def test_no_module(tmp_path: Path) -> None:
    """A folder without a module is no module."""
    with pytest.raises(JournalError, match="there is no module in"):
        Host(tmp_path)
