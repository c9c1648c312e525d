"""How a module of its own comes to be: its folder, its keys, the people who unseal it, and the first of its journal."""

import os
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from umbane.security.chain import Entry, keyed
from umbane.security.core import ModuleCore, Options
from umbane.security.disk import sync_folder
from umbane.security.errors import ModuleBusyError, RealmError
from umbane.security.identity import CentreCard, ModuleIdentity
from umbane.security.loadfile import KeyGrant, KeyUse
from umbane.security.models import Quota, Realm
from umbane.security.process.custody import MASTER, USUAL, Cost, Custody, derived
from umbane.security.process.keystore import Contents, KeyStore, write_file
from umbane.security.vault import RealmKey, Vault
from umbane.sts import SAMPLE_TABLES, StaTables

__all__ = ["KEYS", "STORE", "Clock", "core_of", "found_module", "now", "published_grant", "vault_of"]

KEYS: Final = "module.keys"
SEED: Final = 64
OWNERS: Final = 0o700
"""Nobody but the owner gets into the folder, or changes what is in it."""
STORE: Final = "store"
"""What an entry of the journal with the key store's hash begins with."""
TWO: Final = 2
FIRST_DAY: Final = datetime(1993, 1, 1, tzinfo=UTC)
LAST_DAY: Final = datetime(2125, 1, 1, tzinfo=UTC)
"""For keys of the test realm, which are never over."""

Clock = Callable[[], datetime]


def now() -> datetime:
    """The time of this machine."""
    return datetime.now(UTC)


def found_module(  # noqa: PLR0913 - what a module is made of
    folder: Path,
    name: str,
    realm: Realm,
    passphrases: Mapping[str, str],
    threshold: int,
    *,
    centre: CentreCard | None = None,
    witness: Path | None = None,
    cost: Cost = USUAL,
    tables: StaTables = SAMPLE_TABLES,
) -> KeyStore:
    """Make a new module; it is sealed.

    Args:
        folder: of its own, new or empty.
        name: what it is to be called.
        realm: where it is to work.
        passphrases: of its custodians, by their names.
        threshold: how many of them unseal it.
        centre: whose load files and orders it is to take.
        witness: a file on another disk that is to remember how far it was.
        cost: of a guess at a passphrase.
        tables: the EA07 tables.

    Raises:
        ModuleBusyError: the folder is not empty, or can't be made.
        CustodianError: the custodians aren't fit for it.
        RealmError: the centre is of another realm, or one person alone would unseal a production module.
    """
    if realm is Realm.PRODUCTION and (threshold < TWO or centre is None):
        raise RealmError("a module of the production realm takes two custodians at least, and a centre's card")
    if centre is not None and centre.realm is not realm:
        raise RealmError(f"the centre {centre.name} is of the {centre.realm} realm, and the module of the {realm}")
    master, seed = os.urandom(MASTER), os.urandom(SEED)
    card = ModuleIdentity(name, realm, seed).card
    custody = Custody.founded(threshold, passphrases, master, cost)
    store = KeyStore(card, centre, str(witness) if witness else None, custody).holding(Contents(seed), master)
    make_room(folder, witness)
    core = core_of(folder, store, Contents(seed), master, tables)
    core.journal.append([Entry(0, f"{STORE} {store.hash}")])
    core.close()
    write_file(folder / KEYS, store.text())
    return store


def make_room(folder: Path, witness: Path | None) -> None:
    """Make the folders of a new module, and leave what is there.

    Raises:
        ModuleBusyError: something is there, or they can't be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sync_folder(folder.parent)
        if any(folder.iterdir()) or (witness is not None and witness.exists()):
            raise ModuleBusyError(f"{folder} is not empty, or the witness is there already: give others")
        folder.chmod(OWNERS)
        if witness is not None:
            witness.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModuleBusyError(f"no module can be made there: {error.strerror}: {error.filename}") from error


def core_of(  # noqa: PLR0913, PLR0917 - what a module is made of
    folder: Path,
    store: KeyStore,
    contents: Contents,
    master: bytes,
    tables: StaTables,
    clock: Clock = now,
) -> ModuleCore:
    """What does the work, with the journal open."""
    vault = vault_of(store, contents.grants)
    witness = Path(store.witness) if store.witness else None
    options = Options(contents.grants, keyed(derived(master, "journal")), witness, clock)
    return ModuleCore(store.card.name, folder, vault, tables, options)


def vault_of(store: KeyStore, grants: Iterable[KeyGrant]) -> Vault:
    """The keys, to be worked with."""
    return Vault(store.card.realm, [grant.held for grant in grants])


def published_grant(held: RealmKey, quota: Quota) -> KeyGrant:
    """A key of the test realm, for everything and for ever, within a quota."""
    return KeyGrant(held, FIRST_DAY, LAST_DAY, LAST_DAY, frozenset(KeyUse), quota)
