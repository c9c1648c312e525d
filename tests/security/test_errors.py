"""The tree of errors of the security modules."""

import re

from umbane.errors import InputError, UmbaneError
from umbane.security import errors

KINDS = [getattr(errors, name) for name in errors.__all__]


def drawn() -> dict[str, str]:
    """Each error in the module's drawing, with the one it hangs from."""
    above: list[str] = []
    parents = {}
    for line in (errors.__doc__ or "").splitlines():
        if found := re.match(r"    ([ │├└─]*)([A-Z]\w+Error)(?:\s|$)", line):
            depth = len(found[1]) // 4
            parents[found[2]] = above[depth - 1] if depth else ""
            above[depth:] = [found[2]]
    return parents


def test_drawing() -> None:
    """The drawing at the top of the module shows every error, each under the class it really comes from."""
    expected = {kind.__name__: kind.__bases__[0].__name__ for kind in KINDS}
    assert drawn() == {"UmbaneError": "", "InputError": "UmbaneError", **expected}


def test_roots() -> None:
    """What a module refuses is never taken for a wrong input, but for its name."""
    assert {kind for kind in KINDS if issubclass(kind, InputError)} == {errors.ModuleNameError}
    assert all(issubclass(kind, UmbaneError) for kind in KINDS)
