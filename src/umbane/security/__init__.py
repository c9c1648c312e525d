"""Security modules: who holds the vending keys, makes the tokens, and counts every one of them.

``SecurityModule`` is what any of them can do, wherever it is. ``open_software_module`` opens one in this process, for
test keys.
"""

from umbane.security.errors import (
    JournalError,
    KeyClashError,
    ModuleBusyError,
    ModuleError,
    ModuleNameError,
    RealmError,
    RequestReusedError,
    UnknownKeyError,
)
from umbane.security.models import (
    Issued,
    KeyChangeRequest,
    KeyName,
    ModuleStatus,
    Realm,
    Record,
    Refused,
    TokenRequest,
    VerifyRequest,
)
from umbane.security.opening import open_software_module
from umbane.security.protocol import SecurityModule
from umbane.security.vault import RealmKey, Vault, published_key, published_vault

__all__ = [
    "Issued",
    "JournalError",
    "KeyChangeRequest",
    "KeyClashError",
    "KeyName",
    "ModuleBusyError",
    "ModuleError",
    "ModuleNameError",
    "ModuleStatus",
    "Realm",
    "RealmError",
    "RealmKey",
    "Record",
    "Refused",
    "RequestReusedError",
    "SecurityModule",
    "TokenRequest",
    "UnknownKeyError",
    "Vault",
    "VerifyRequest",
    "open_software_module",
    "published_key",
    "published_vault",
]
