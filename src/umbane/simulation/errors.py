"""What can go wrong before a single purchase is looked at, and why one is refused.

::

    UmbaneError
    ├── DemoError              the demonstration can't go on where it is
    └── InputError
        ├── TableFileError     a file of purchases or households can't be read, or a field of it is wrong
        └── PurchaseError      a purchase is well formed, but can't be done
"""

from umbane.errors import InputError, UmbaneError

__all__ = ["DemoError", "PurchaseError", "TableFileError"]


class DemoError(UmbaneError):
    """The demonstration can't go on where it is."""


class TableFileError(InputError):
    """A CSV file can't be read as a whole, or one field of one of its lines is wrong."""


class PurchaseError(InputError):
    """A purchase is well formed, but can't be done."""
