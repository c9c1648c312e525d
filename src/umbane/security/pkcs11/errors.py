"""What can be wrong with a token of PKCS#11: the device, not the twenty digits.

::

    UmbaneError
    ├── InputError
    │   └── TokenSettingError     a setting doesn't say which token, library or PIN
    └── ModuleError
        ├── TokenLostError        the token can't be reached: nothing was made
        ├── TokenPinError         it refused the PIN; it isn't tried again, for tokens lock themselves
        └── TokenKeyError         a key in it is not what it must be, or can't be put there
"""

from umbane.errors import InputError
from umbane.security.errors import ModuleError

__all__ = ["TokenKeyError", "TokenLostError", "TokenPinError", "TokenSettingError"]


class TokenSettingError(InputError):
    """A setting doesn't say which token, library or PIN."""


class TokenLostError(ModuleError):
    """The token can't be reached, also with new sessions. No token was made, and the same may be asked again."""


class TokenPinError(ModuleError):
    """The token refused the PIN. It isn't tried again: after a few wrong ones, tokens lock themselves."""


class TokenKeyError(ModuleError):
    """A key in the token is not what it must be, or can't be put there."""
