"""What can go wrong between us and a module that speaks the PrismToken interface.

::

    UmbaneError
    ├── InputError
    │   └── PrismSettingError     a setting can't be worked with: an address, a certificate, a key's attributes
    └── ModuleError
        ├── ApiError              the module's own refusal, by its code
        ├── UnreachableError      no answer: what it did is not known
        └── FrameError            what came is not of the protocol
"""

from umbane.errors import InputError
from umbane.security.errors import ModuleError

__all__ = ["ApiError", "PrismSettingError"]


class PrismSettingError(InputError):
    """A setting can't be worked with."""


class ApiError(ModuleError):
    """The refusal of a module.

    Attributes:
        code: what kind it is, as ``ESts.VkExpired``.
        message: in English, for people.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message
