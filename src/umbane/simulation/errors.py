"""What can go wrong before a single purchase is looked at, and why one is refused.

::

    UmbaneError
    └── InputError
        ├── TableFileError     a file of purchases or households can't be read, or a field of it is wrong
        └── PurchaseError      a purchase is well formed, but can't be done
"""

from umbane.errors import InputError

__all__ = ["PurchaseError", "TableFileError"]


class TableFileError(InputError):
    """A CSV file can't be read as a whole, or one field of one of its lines is wrong."""


class PurchaseError(InputError):
    """A purchase is well formed, but can't be done."""
