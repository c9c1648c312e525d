"""What a key management centre refuses.

::

    UmbaneError
    ├── InputError
    │   ├── ShareError            what was typed is no share: a word is mistyped, missing or too many
    │   ├── ComponentError        what was typed is no component of a key, or another one than the file says
    │   └── CeremonyFileError     a ceremony file isn't one; every problem in it is named
    └── CentreError
        ├── EntropyError          the source of chance fails its health tests: no key is made
        ├── WeakKeyError          a key that must not be used: weak, of even parity, or known to everybody
        ├── CustodyError          shares that don't give the key: forged, of another set, twice, or too few
        ├── TransitionError       a key can't go from that state to this one
        ├── ForbiddenError        the register doesn't allow that step
        ├── HeadError             the centre isn't where the file or the paper says: it was put back, or went on
        ├── StoreError            the centre's file was altered, or can't be read or written
        ├── CheckError            what was done isn't what was found afterwards
        └── AbandonedError        somebody said no: nothing was done
"""

from umbane.errors import InputError, UmbaneError

__all__ = [
    "AbandonedError",
    "CentreError",
    "CeremonyFileError",
    "CheckError",
    "ComponentError",
    "CustodyError",
    "EntropyError",
    "ForbiddenError",
    "HeadError",
    "ShareError",
    "StoreError",
    "TransitionError",
    "WeakKeyError",
]


class ShareError(InputError):
    """What was typed is no share."""


class ComponentError(InputError):
    """What was typed is no component of a key, or another one than the ceremony file says."""


class CeremonyFileError(InputError):
    """A ceremony file isn't one."""


class CentreError(UmbaneError):
    """Anything a key management centre refuses."""


class EntropyError(CentreError):
    """The source of chance fails its health tests."""


class WeakKeyError(CentreError):
    """A key that must not be used."""


class CustodyError(CentreError):
    """These shares don't give the key."""


class TransitionError(CentreError):
    """A key can't go from that state to this one."""


class ForbiddenError(CentreError):
    """The register doesn't allow that step."""


class HeadError(CentreError):
    """The centre isn't where the ceremony file or the paper says that it is."""


class StoreError(CentreError):
    """The centre's file was altered, or can't be read or written."""


class CheckError(CentreError):
    """What was done isn't what was found afterwards."""


class AbandonedError(CentreError):
    """Somebody said no, and nothing was done."""
