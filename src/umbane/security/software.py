"""A security module in software and in this process: for tests, simulation and development, and for test keys only.

Keys lie in this process's memory. What it shares with a real module is the contract.
"""

from pathlib import Path

from umbane.security.errors import RealmError
from umbane.security.local import LocalModule
from umbane.security.models import Realm
from umbane.security.vault import Vault
from umbane.sts import SAMPLE_TABLES, StaTables

__all__ = ["SoftwareModule"]


class SoftwareModule(LocalModule):
    """A module whose keys are in the memory of this process.

    Args, errors: as ``LocalModule``.

    Raises:
        RealmError: the vault, or the journal, is not of the test realm.
    """

    at_once = 1024

    def __init__(self, name: str, folder: Path, vault: Vault, *, tables: StaTables = SAMPLE_TABLES) -> None:
        if vault.realm is not Realm.TEST:
            raise RealmError(f"a module in software takes test keys only, and this vault is of the {vault.realm} realm")
        super().__init__(name, folder, vault, tables=tables)
