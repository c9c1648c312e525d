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
        ├── ModuleBusyError       another process works with its journal
        └── JournalError          the journal was altered, or can't be written: nothing is issued any more
"""

from umbane.errors import InputError, UmbaneError

__all__ = [
    "JournalError",
    "KeyClashError",
    "ModuleBusyError",
    "ModuleError",
    "ModuleNameError",
    "RealmError",
    "RequestReusedError",
    "UnknownKeyError",
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
