"""What a security module refuses, and what can be wrong with its journal.

::

    UmbaneError
    ├── InputError
    │   └── ModuleNameError       a module can't be called that
    └── ModuleError
        ├── UnknownKeyError       the module has no vending key of that name
        ├── KeyClashError         it has another one than the one it made tokens with, or was given
        ├── RealmError            a key, a vault or a journal of another realm was given to it
        ├── RequestReusedError    the id of a request was used for another one
        ├── UnauthorisedError     a key may not be used for that, or not now
        ├── QuotaError            a key has made all that it may make
        ├── UnsupportedError      the module is of a make that can't do it
        ├── SealedError           the module has no keys until its custodians unsealed it
        ├── CustodianError        somebody isn't a custodian of the module, or it takes more of them
        ├── UnreachableError      the module can't be reached or didn't answer: what it did is not known
        ├── FrameError            what came over a connection is not of the protocol
        ├── ModuleBusyError       another process works with its journal
        ├── JournalError          the journal was altered, or can't be written: nothing is issued any more
        │   └── OlderModuleError  the module is an older one than somebody has seen: an old copy was put back
        └── DocumentError         a card, a key load file or an order is not taken
            ├── AlteredError        it is not what was written
            ├── OtherDocumentError  it is a document of another kind
            ├── UnknownVersionError its version is not known here
            ├── WrongCentreError    another centre signed it
            ├── OtherRealmError     it is for the other realm
            ├── OtherModuleError    it is for another module
            ├── ReplayedError       it, or a later one, was taken before
            ├── NotYetActiveError   its time has not come
            └── ExpiredError        its time is over
"""

from umbane.errors import InputError, UmbaneError

__all__ = [
    "AlteredError",
    "CustodianError",
    "DocumentError",
    "ExpiredError",
    "FrameError",
    "JournalError",
    "KeyClashError",
    "ModuleBusyError",
    "ModuleError",
    "ModuleNameError",
    "NotYetActiveError",
    "OlderModuleError",
    "OtherDocumentError",
    "OtherModuleError",
    "OtherRealmError",
    "QuotaError",
    "RealmError",
    "ReplayedError",
    "RequestReusedError",
    "SealedError",
    "UnauthorisedError",
    "UnknownKeyError",
    "UnknownVersionError",
    "UnreachableError",
    "UnsupportedError",
    "WrongCentreError",
]


class ModuleNameError(InputError):
    """A module can't be called that: its name is the name of its files."""


class ModuleError(UmbaneError):
    """Anything a security module refuses."""


class UnknownKeyError(ModuleError):
    """The module has no vending key of that supply group, revision and type."""


class KeyClashError(ModuleError):
    """Two keys have one name: with the other one, tokens made before couldn't be made again."""


class RealmError(ModuleError):
    """Something of one realm was given to a module of another: test keys never meet production meters."""


class RequestReusedError(ModuleError):
    """The id of a request was used for another one before."""


class ModuleBusyError(ModuleError):
    """Another process works with this module's journal."""


class JournalError(ModuleError):
    """The journal was altered or can't be written; a module that can't count doesn't issue."""


class DocumentError(ModuleError):
    """A card, a key load file or an order is not taken; nothing of it was."""


class AlteredError(DocumentError):
    """It is not what was written: a bit was altered, something cut off, or it was signed by nobody."""


class OtherDocumentError(DocumentError):
    """It is a document of another kind."""


class UnknownVersionError(DocumentError):
    """It is of a version that is not known here."""


class WrongCentreError(DocumentError):
    """Another centre signed it than the one that is trusted here."""


class OtherRealmError(DocumentError, RealmError):
    """It is for the other realm."""


class OtherModuleError(DocumentError):
    """It is for another module."""


class ReplayedError(DocumentError):
    """It was taken before, or one that was made later was."""


class NotYetActiveError(DocumentError):
    """Its time has not come."""


class ExpiredError(DocumentError):
    """Its time is over."""


class OlderModuleError(JournalError):
    """The module is an older one than somebody has seen: a copy of its folder was put back."""


class UnauthorisedError(ModuleError):
    """A key may not be used for that, or not at this time: so says the file that it was loaded from."""


class QuotaError(ModuleError):
    """A key has made all that it may make until a second person tops its quota up."""


class UnsupportedError(ModuleError):
    """The module is of a make that can't do what was asked."""


class SealedError(ModuleError):
    """The module is sealed: it has no keys until enough of its custodians have unsealed it."""


class CustodianError(ModuleError):
    """Somebody isn't a custodian of the module, or it takes more of them."""


class UnreachableError(ModuleError):
    """The module can't be reached or didn't answer in time; what it made meanwhile is found by its ids."""


class FrameError(ModuleError):
    """What came over a connection is not of the protocol between a module and its clients."""
