"""Security modules whose vending keys are in a hardware security module (HSM), reached by PKCS#11.

``open_pkcs11_module`` opens one. ``TokenLoader`` brings keys into the token, which ``wrapped`` has encrypted to it.
"""

from umbane.security.pkcs11.cache import CachePolicy
from umbane.security.pkcs11.errors import TokenKeyError, TokenLostError, TokenPinError, TokenSettingError
from umbane.security.pkcs11.labels import TokenKey
from umbane.security.pkcs11.loading import TokenLoader
from umbane.security.pkcs11.opening import open_pkcs11_module
from umbane.security.pkcs11.setting import TokenSetting
from umbane.security.pkcs11.wrapping import WrappedKey, wrapped

__all__ = [
    "CachePolicy",
    "TokenKey",
    "TokenKeyError",
    "TokenLoader",
    "TokenLostError",
    "TokenPinError",
    "TokenSetting",
    "TokenSettingError",
    "WrappedKey",
    "open_pkcs11_module",
    "wrapped",
]
