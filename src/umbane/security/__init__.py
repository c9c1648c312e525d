"""Security modules: who holds the vending keys, makes the tokens, and counts every one of them.

``SecurityModule`` is what any of them can do, wherever it is. ``open_software_module`` opens one in this process, for
test keys.
"""

from umbane.security.errors import (
    CustodianError,
    DocumentError,
    FrameError,
    JournalError,
    KeyClashError,
    ModuleBusyError,
    ModuleError,
    ModuleNameError,
    OlderModuleError,
    QuotaError,
    RealmError,
    RequestReusedError,
    SealedError,
    UnauthorisedError,
    UnknownKeyError,
    UnreachableError,
    UnsupportedError,
)
from umbane.security.models import (
    Attestation,
    Issued,
    KeyChangeRequest,
    KeyCount,
    KeyName,
    ModuleStatus,
    Quota,
    Realm,
    Record,
    Refused,
    TokenRequest,
    VendingKeyName,
    VerifyRequest,
)
from umbane.security.opening import open_software_module
from umbane.security.protocol import SecurityModule
from umbane.security.vault import RealmKey, Vault, published_key, published_vault

__all__ = [
    "Attestation",
    "CustodianError",
    "DocumentError",
    "FrameError",
    "Issued",
    "JournalError",
    "KeyChangeRequest",
    "KeyClashError",
    "KeyCount",
    "KeyName",
    "ModuleBusyError",
    "ModuleError",
    "ModuleNameError",
    "ModuleStatus",
    "OlderModuleError",
    "Quota",
    "QuotaError",
    "Realm",
    "RealmError",
    "RealmKey",
    "Record",
    "Refused",
    "RequestReusedError",
    "SealedError",
    "SecurityModule",
    "TokenRequest",
    "UnauthorisedError",
    "UnknownKeyError",
    "UnreachableError",
    "UnsupportedError",
    "Vault",
    "VendingKeyName",
    "VerifyRequest",
    "open_software_module",
    "published_key",
    "published_vault",
]
