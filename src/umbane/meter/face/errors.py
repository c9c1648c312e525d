"""What the face refuses.

::

    InputError
    └── MeterInputError
        └── PackError           a file of short codes can't be used
"""

from umbane.meter.errors import MeterInputError

__all__ = ["PackError"]


class PackError(MeterInputError):
    """A file of short codes that can't be used; ``field`` is the path to what is wrong in it."""
