"""What can be wrong with a vector file, or with one vector in it.

::

    UmbaneError
    └── InputError
        └── ConformanceError            something about a vector can't be used
            ├── VectorFileError         a file isn't one of vectors: nothing in it was run
            └── UnusableInputError      one vector's inputs say nothing that can be run: that vector is skipped
"""

from umbane.errors import InputError

__all__ = ["ConformanceError", "UnusableInputError", "VectorFileError"]


class ConformanceError(InputError):
    """Something about a vector can't be used."""


class VectorFileError(ConformanceError):
    """A file isn't one of vectors; the error names the file, the entry and the field."""


class UnusableInputError(ConformanceError):
    """The inputs of one vector are missing, of a wrong type, or about something that isn't supported."""
