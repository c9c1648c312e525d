"""What can be wrong with what is to be registered, looked up or changed.

::

    UmbaneError
    ├── InputError
    │   └── RegistryInputError      a name, a number, a date, a policy or a file can't be what it says
    │       ├── PolicyError         a policy has a field that is unknown or wrong
    │       └── ImportFileError     a file can't be read as a table of what it should hold
    └── RegistryError               every value is well formed, but the registry says no
        ├── NotFoundError           this utility has no such thing
        ├── DuplicateError          this utility has one already
        ├── TransitionError         a meter, a key or a contract can't go from the state it is in to that one
        ├── PermissionDeniedError   somebody else has to do this
        └── StaleError              somebody changed it since it was loaded: load it again
"""

from umbane.errors import InputError, UmbaneError

__all__ = [
    "DuplicateError",
    "ImportFileError",
    "NotFoundError",
    "PermissionDeniedError",
    "PolicyError",
    "RegistryError",
    "RegistryInputError",
    "StaleError",
    "TransitionError",
]


class RegistryInputError(InputError):
    """A value from outside can't be what it says it is."""


class PolicyError(RegistryInputError):
    """A policy has a field that is unknown or wrong."""


class ImportFileError(RegistryInputError):
    """A file can't be read as a table of what it should hold."""


class RegistryError(UmbaneError):
    """Every value is well formed, but the registry says no."""


class NotFoundError(RegistryError):
    """This utility has no such thing; whether another one has is nobody's business.

    Attributes:
        kind: what was looked for: "meter", "contract".
    """

    def __init__(self, kind: str, what: object) -> None:
        super().__init__(f"there is no {kind} {what}")
        self.kind = kind


class DuplicateError(RegistryError):
    """This utility has one already.

    Attributes:
        field: what has to be unique.
    """

    def __init__(self, field: str, problem: str, remedy: str) -> None:
        super().__init__(f"{field}: {problem}; {remedy}")
        self.field = field


class TransitionError(RegistryError):
    """A meter, a key or a contract can't go from the state it is in to that one."""


class PermissionDeniedError(RegistryError):
    """Somebody else has to do this."""


class StaleError(RegistryError):
    """Somebody changed it since it was loaded; nothing was stored."""
