"""The tree of errors of the key management centre."""

import re

from umbane.errors import InputError, UmbaneError
from umbane.keycentre import errors

KINDS = [getattr(errors, name) for name in errors.__all__]


def test_drawing() -> None:
    """The drawing at the top of the module shows every error under the class that it comes from."""
    parents, above = {}, [""]
    for line in (errors.__doc__ or "").splitlines():
        if found := re.match(r"    ([ │├└─]*)([A-Z]\w+Error)(?:\s|$)", line):
            depth = len(found[1]) // 4
            parents[found[2]] = above[depth]
            above[depth + 1 :] = [found[2]]
    expected = {kind.__name__: kind.__bases__[0].__name__ for kind in KINDS}
    assert parents == {"UmbaneError": "", "InputError": "UmbaneError", **expected}


def test_roots() -> None:
    """What people type wrong is an input; all else that is refused is the centre's."""
    for kind in KINDS:
        assert issubclass(kind, UmbaneError)
        assert issubclass(kind, InputError) != issubclass(kind, errors.CentreError)
