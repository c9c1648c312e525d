"""What the log refuses.

::

    UmbaneError
    └── AuditError
        ├── AlteredError      something isn't what was signed: an entry, a head, a proof
        │   ├── ForkError     two heads of one log that can't both be true
        │   └── ExportError   an export, and the line at which it goes wrong
        ├── UnknownEntryError there is no such entry, or it has no place yet
        └── HeadKeyError      the key that signs heads can't be read, or isn't one
"""

from umbane.errors import InputError, UmbaneError

__all__ = ["AlteredError", "AuditError", "ExportError", "ForkError", "HeadKeyError", "UnknownEntryError"]


class AuditError(UmbaneError):
    """Something about the log."""


class AlteredError(AuditError):
    """Something isn't what was signed."""


class ForkError(AlteredError):
    """Two heads of one log that can't both be true: it was cut back, or somebody was shown another one."""


class ExportError(AlteredError):
    """An export isn't whole.

    Attributes:
        line: where it goes wrong, counted from 1.
    """

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}")
        self.line = line


class UnknownEntryError(AuditError, LookupError):
    """There is no such entry, or it has no place in the tree yet."""


class HeadKeyError(AuditError, InputError):
    """A key that signs heads, or its public half, can't be used."""
