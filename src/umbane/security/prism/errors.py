"""What can go wrong between us and a module that speaks the PrismToken interface.

::

    UmbaneError
    ├── InputError
    │   └── PrismSettingError     a setting can't be worked with: an address, a certificate, a key's attributes
    └── ModuleError
        ├── ApiError              the module's own refusal, by its code
        ├── OtherTokenError       the module made something else than was asked for
        ├── UnreachableError      no answer: what it did is not known
        └── FrameError            what came is not of the protocol
"""

from typing import Final

from umbane.errors import InputError
from umbane.security.errors import ModuleError

__all__ = ["ApiError", "OtherTokenError", "PrismSettingError"]

MOST_WORDS: Final = 200
"""Characters of what a module says that go any further: it may say anything."""


class PrismSettingError(InputError):
    """A setting can't be worked with."""


class ApiError(ModuleError):
    """The refusal of a module.

    Attributes:
        code: what kind it is, as ``ESts.VkExpired``.
        message: in English, for people.
    """

    def __init__(self, code: str, message: str) -> None:
        code, message = code[:MOST_WORDS], message[:MOST_WORDS]
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


class OtherTokenError(ModuleError):
    """The module made something else than was asked for. It is handed on to nobody; somebody has to look into it."""
