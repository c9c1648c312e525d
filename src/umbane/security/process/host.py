"""A module in a folder of its own: sealed until enough custodians were there, and from then on at work.

``module.keys``   the keys, sealed, and who unseals them (``keystore``, ``custody``)
``NAME.journal``  what it made (``journal``), sealed batch by batch with a secret that is among the keys
``NAME.mark``     how far the journal was
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

from umbane.security.attesting import Statement, attested
from umbane.security.chain import Entry
from umbane.security.core import ModuleCore
from umbane.security.disk import lock, open_file
from umbane.security.errors import (
    AlteredError,
    CustodianError,
    DocumentError,
    JournalError,
    KeyClashError,
    ModuleBusyError,
    SealedError,
    UnsupportedError,
)
from umbane.security.identity import CentreCard, ModuleIdentity
from umbane.security.keyring import Keyring
from umbane.security.limits import quota_entry
from umbane.security.loadfile import KeyGrant, open_load_file, require_quota
from umbane.security.models import Attestation, Quota, Realm, VendingKeyName
from umbane.security.process.founding import KEYS, STORE, Clock, core_of, now, vault_of
from umbane.security.process.keystore import Contents, KeyStore, replace_file, write_file
from umbane.security.topup import open_top_up
from umbane.security.vault import Vault, refuse_copy
from umbane.sts import SAMPLE_TABLES, StaTables

__all__ = ["Host", "Standing"]

NEW_KEYS: Final = "module.keys.new"
LOCK: Final = "module.lock"
TAKEN: Final = "taken"
RAISED: Final = "raised"
"""Entries of the journal: the number of a document of the centre, and custodians who raised a quota."""
TWO: Final = 2


class Standing(NamedTuple):
    """How a module stands; told to everybody."""

    name: str
    realm: Realm
    fingerprint: str
    """Of its card."""
    is_sealed: bool
    given: tuple[str, ...]
    """The custodians who were there so far."""
    threshold: int


class Opened(NamedTuple):
    """What there is while a module isn't sealed. Not to be copied or pickled."""

    master: bytes
    identity: ModuleIdentity
    contents: Contents
    core: ModuleCore

    def __repr__(self) -> str:
        return "Opened(…)"

    def __reduce__(self) -> NoReturn:
        refuse_copy(self)


class Host:
    """A module's folder, for one process at a time; not for two threads at once.

    Args:
        folder: that ``found_module`` made.
        clock: the time of day.
        tables: the EA07 tables.

    Raises:
        ModuleBusyError: another process has it.
        DocumentError: the file of its keys was altered.
        JournalError: it isn't there, or can't be used.
    """

    def __init__(
        self,
        folder: Path,
        *,
        clock: Clock = now,
        tables: StaTables = SAMPLE_TABLES,
    ) -> None:
        self.folder, self.clock, self.tables = folder, clock, tables
        self.store = self.read_store(KEYS)
        self.lock: int | None = self.locked()
        self.given: dict[str, bytes] = {}
        self.opened: Opened | None = None

    def __reduce__(self) -> NoReturn:
        refuse_copy(self)

    def close(self) -> None:
        """Let another process have it."""
        self.seal()
        held, self.lock = self.lock, None
        if held is not None:
            os.close(held)

    def locked(self) -> int:
        """A file that no other process has."""
        try:
            file = open_file(self.folder / LOCK)
        except OSError as error:
            raise JournalError(f"the module in {self.folder} can't be used: {LOCK}: {error.strerror}") from error
        try:
            lock(file, f"the module in {self.folder}")
        except ModuleBusyError:
            os.close(file)
            raise
        return file

    def read_store(self, name: str) -> KeyStore:
        """The key store in one of the files."""
        try:
            return KeyStore.read((self.folder / name).read_bytes())
        except OSError as error:
            raise JournalError(f"there is no module in {self.folder}: {name}: {error.strerror}") from error

    def require_opened(self) -> Opened:
        """What there is to work with.

        Raises:
            SealedError: the module is sealed.
            JournalError: it can't write its journal, or this is a copy of the process.
        """
        if self.opened is None:
            raise SealedError(f"the module {self.store.card.name} is sealed: its custodians have to unseal it")
        self.opened.core.journal.require_open()
        return self.opened

    # ----------------------------------------------------------------------------------------------- sealed or at work

    def standing(self) -> Standing:
        """How it stands."""
        card, is_sealed = self.store.card, self.opened is None
        given = tuple(sorted(self.given))
        return Standing(card.name, card.realm, card.fingerprint, is_sealed, given, self.store.custody.threshold)

    def give(self, name: str, passphrase: str) -> Standing:
        """A custodian unseals it; when it is the last who is needed, it is opened.

        Raises:
            CustodianError: nobody has that name and passphrase.
            ModuleError: it can't be worked with; all custodians have to come again.
        """
        if self.opened is None:
            self.given[name] = self.store.custody.key(name, passphrase)
            if len(self.given) >= self.store.custody.threshold:
                given, self.given = self.given, {}
                self.open(self.store.custody.master(given))
        return self.standing()

    def seal(self) -> None:
        """Let the keys go. They may stay in memory that is free now: only the end of the process removes them."""
        opened, self.opened, self.given = self.opened, None, {}
        if opened:
            opened.core.close()

    def open(self, master: bytes) -> None:
        """Open keys and journal, and hold them to each other."""
        contents = self.store.contents(master)
        core = core_of(self.folder, self.store, contents, master, self.tables, self.clock)
        if core.last.get(STORE) != [self.store.hash]:
            core.close()
            self.finish(core.last.get(STORE))
            return self.open(master)
        identity = ModuleIdentity(self.store.card.name, self.store.card.realm, contents.seed)
        self.opened = Opened(master, identity, contents, core)
        return None

    def finish(self, noted: list[str] | None) -> None:
        """Put the new keys in their place, if a crash came between the journal and that.

        Raises:
            JournalError: the journal speaks of other keys.
        """
        with suppress(JournalError, DocumentError):
            new = self.read_store(NEW_KEYS)
            if noted == [new.hash]:
                replace_file(self.folder / NEW_KEYS, self.folder / KEYS)
                self.store = new
                return
        raise JournalError(
            f"{KEYS} is not the file that the journal noted last: an older copy of one of them was put back"
        )

    # ------------------------------------------------------------------------------------------------ keys and quotas

    def load(self, text: bytes) -> int:
        """Take a key load file; how many keys it had.

        Raises:
            DocumentError: it isn't taken; the kind of the error says why.
            KeyClashError: it has another key under the name of one that is here.
        """
        opened, centre = self.require_opened(), self.require_centre()
        last = self.last_taken(opened)
        file = open_load_file(text, module=opened.identity, centre=centre, last_serial=last, now=opened.core.now())
        self.hold(file.grants, [Entry(0, f"{TAKEN} {file.envelope.serial} {sha256(text).hexdigest()}")])
        return len(file.grants)

    def load_published(self, grants: Iterable[KeyGrant]) -> int:
        """Take keys of the test realm, which everybody may have; how many.

        Raises:
            RealmError: the module isn't of the test realm.
            KeyClashError: one is here already: to take it once more would be a way to raise its quota.
        """
        taken, here = tuple(grants), {grant.name for grant in self.require_opened().contents.grants}
        if again := here & {grant.name for grant in taken}:
            raise KeyClashError(f"the key for {min(again)} is here already; two custodians raise its quota")
        self.hold(taken, [])
        return len(taken)

    def hold(self, grants: tuple[KeyGrant, ...], entries: list[Entry]) -> None:
        """Keep these keys, too, and those without any use no more.

        First as a new file, then in the journal, then in the old one's place; whatever fails, the journal has the word.
        """
        opened = self.require_opened()
        together = (*opened.contents.grants, *grants)
        require_fit(vault_of(self.store, together), opened.core.keyring)  # two keys of one name are refused here
        merged = {grant.name: grant for grant in together}
        contents = Contents(opened.contents.seed, tuple(grant for grant in merged.values() if grant.uses))
        store = self.store.holding(contents, opened.master)
        quotas = [quota_entry(it.name, it.quota) for it in grants]
        clock = opened.core.limits.clock_entries(opened.core.now())
        with opened.core.journal.guarded():
            write_file(self.folder / NEW_KEYS, store.text())
            self.write_down(opened, [*clock, *entries, Entry(0, f"{STORE} {store.hash}"), *quotas])
            replace_file(self.folder / NEW_KEYS, self.folder / KEYS)
        opened.core.hold(vault_of(store, contents.grants), contents.grants)
        self.store, self.opened = store, opened._replace(contents=contents)

    @staticmethod
    def write_down(opened: Opened, entries: list[Entry]) -> None:
        """Have entries in the journal and on the disk."""
        opened.core.journal.append(entries)
        opened.core.journal.keep(opened.core.journal.end)

    def last_taken(self, opened: Opened) -> int:
        """The number of the last document that was taken from the centre."""
        return int(opened.core.last.get(TAKEN, ["0"])[0])

    def require_centre(self) -> CentreCard:
        """The centre whose word counts.

        Raises:
            UnsupportedError: there is none.
        """
        if self.store.centre is None:
            raise UnsupportedError("this module was made without a centre's card: nobody can send it keys or orders")
        return self.store.centre

    def top_up(self, text: bytes) -> None:
        """Raise a quota by an order of the centre; the order that was taken last does nothing when it comes again.

        Raises:
            DocumentError: it isn't taken; the kind of the error says why.
        """
        opened, centre = self.require_opened(), self.require_centre()
        known = sha256(text).hexdigest()
        if opened.core.last.get(TAKEN, ["", ""])[1] == known:
            return
        order = open_top_up(
            text, module=opened.identity.card, centre=centre, last_serial=self.last_taken(opened), now=opened.core.now()
        )
        taken = Entry(0, f"{TAKEN} {order.envelope.serial} {known}")
        self.write_down(opened, [taken, self.raised(opened, order.key, order.tokens, order.units)])

    def require_custodians(self, people: Mapping[str, str]) -> None:
        """Look at the passphrases of two people.

        Raises:
            CustodianError: they aren't two, or aren't custodians.
        """
        if len(people) < TWO:
            raise CustodianError("two custodians have to say so, each with their own passphrase")
        for name, passphrase in people.items():
            self.store.custody.key(name, passphrase)

    def raise_quota(self, key: VendingKeyName, tokens: int, units: int, people: Sequence[str]) -> None:
        """Raise a quota because these custodians said so, of whom ``require_custodians`` knows.

        Raises:
            AlteredError: the amounts are none or go too far, or the key has no quota.
        """
        opened = self.require_opened()
        if tokens < 0 or units < 0:
            raise AlteredError("a quota is raised, never lowered; the centre's next load file can lower it")
        entry = Entry(0, f"{RAISED} {' '.join(people)}")
        self.write_down(opened, [entry, self.raised(opened, key, tokens, units)])

    @staticmethod
    def raised(opened: Opened, key: VendingKeyName, tokens: int, units: int) -> Entry:
        """The entry of a higher ceiling."""
        quota = opened.core.limits.quotas().get(key)
        if quota is None:
            raise AlteredError(f"the key for {key} has no quota here that could be raised")
        more = (None if limit is None else limit + more for limit, more in zip(quota, (tokens, units), strict=True))
        higher = Quota(*more)
        require_quota(higher)
        return quota_entry(key, higher)

    def attest(self, challenge: bytes) -> Attestation:
        """As ``SecurityModule.attest``."""
        opened = self.require_opened()
        core = opened.core
        return attested(Statement(core.status(), core.counters.all(), core.limits.quotas()), challenge, opened.identity)


def require_fit(vault: Vault, keyring: Keyring) -> None:
    """Refuse a key that isn't the one of its name that was used before."""
    for name in vault.names():
        keyring.require_fits(name, vault.check_value(name))
