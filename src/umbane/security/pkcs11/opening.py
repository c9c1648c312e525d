"""A module whose keys are in a token, opened and closed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from umbane.security.local import LocalModule
from umbane.security.models import Realm
from umbane.security.pkcs11.cache import CachePolicy
from umbane.security.pkcs11.pool import SESSIONS, TokenPool
from umbane.security.pkcs11.setting import TokenSetting
from umbane.security.pkcs11.vault import TokenVault
from umbane.security.protocol import SecurityModule
from umbane.sts import SAMPLE_TABLES, StaTables

__all__ = ["open_pkcs11_module"]

NOTHING = CachePolicy()


@asynccontextmanager
async def open_pkcs11_module(  # noqa: PLR0913 - what such a module consists of
    name: str,
    folder: Path,
    setting: TokenSetting,
    *,
    realm: Realm,
    remember: CachePolicy = NOTHING,
    sessions: int = SESSIONS,
    tables: StaTables = SAMPLE_TABLES,
) -> AsyncIterator[SecurityModule]:
    """A module in this process whose vending keys are in a token.

    Args:
        name: what the module is called.
        folder: where its journal lies; one process at a time has it.
        setting: which token.
        realm: of which realm its keys must be.
        remember: which decoder keys are remembered; none, if nothing is said.
        sessions: with the token, at most.
        tables: the EA07 tables.

    Raises:
        TokenSettingError: the library can't be loaded.
        TokenLostError, TokenPinError, TokenKeyError: the token isn't there, refuses the PIN, or has a wrong key in it.
        RealmError: a key in it is of another realm, or the journal is.
        ModuleNameError, ModuleBusyError, JournalError, KeyClashError: as ``umbane.security.local.LocalModule``.
    """
    pool = TokenPool(setting, sessions)
    try:
        module = LocalModule(name, folder, TokenVault(pool, realm, remember), tables=tables)
        try:
            yield module
        finally:
            module.close()
    finally:
        pool.close()
