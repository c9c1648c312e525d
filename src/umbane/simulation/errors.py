"""What can go wrong before a single purchase is looked at, and why one is refused.

::

    UmbaneError
    ├── InputError
    │   └── TableFileError     a file of purchases or households can't be read, or a field of it is wrong
    └── SaleRefusedError            a purchase is well formed, but can't be done
"""

from umbane.errors import InputError, UmbaneError

__all__ = ["SaleRefusedError", "TableFileError"]


class TableFileError(InputError):
    """A CSV file can't be read as a whole, or one field of one of its lines is wrong."""


class SaleRefusedError(UmbaneError):
    """A purchase is well formed, but can't be done; the words say why and what to do."""
