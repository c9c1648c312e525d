"""The tree of errors of the token standard."""

import copy
import pickle
import re

import pytest

from umbane.errors import InputError, UmbaneError
from umbane.sts import errors

KINDS = [getattr(errors, name) for name in errors.__all__]
REFUSALS = [kind for kind in KINDS if issubclass(kind, errors.StsError)]
INPUTS = [kind for kind in KINDS if issubclass(kind, errors.StsInputError)]


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


def test_all_listed() -> None:
    """Every error the module defines is public."""
    assert {name for name, value in vars(errors).items() if getattr(value, "__module__", "") == errors.__name__} == set(
        errors.__all__
    )


@pytest.mark.parametrize("kind", REFUSALS)
def test_refusals_are_no_input_errors(kind: type[Exception]) -> None:
    """Where every value is well formed and the standard says no, nobody is told that a value is wrong."""
    assert issubclass(kind, UmbaneError)
    assert not issubclass(kind, InputError)


@pytest.mark.parametrize("kind", INPUTS)
def test_input_errors_are_no_refusals(kind: type[Exception]) -> None:
    """A value that no field can hold is not an answer of the standard."""
    assert issubclass(kind, InputError)
    assert not issubclass(kind, errors.StsError)


def test_every_error_is_one_or_the_other() -> None:
    """There is no third kind of error."""
    assert set(INPUTS) | set(REFUSALS) == set(KINDS)


@pytest.mark.parametrize("kind", INPUTS)
def test_input_errors_travel(kind: type[InputError]) -> None:
    """An input error of any kind keeps its kind and its words in copies and pickles."""
    error = kind("KRN", "0 is out of range", "give an integer from 1 to 9")
    for again in (copy.deepcopy(error), pickle.loads(pickle.dumps(error))):  # noqa: S301 - our own bytes
        assert type(again) is kind
        assert str(again) == "KRN: 0 is out of range; give an integer from 1 to 9"


@pytest.mark.parametrize("kind", REFUSALS)
def test_refusals_travel(kind: type[Exception]) -> None:
    """A refusal of any kind keeps its kind and its words in copies and pickles."""
    error = kind("a DDTK carries no credit")
    for again in (copy.deepcopy(error), pickle.loads(pickle.dumps(error))):  # noqa: S301 - our own bytes
        assert type(again) is kind
        assert str(again) == "a DDTK carries no credit"


@pytest.mark.parametrize(
    ("kind", "broader"),
    [
        (errors.CrcError, errors.AuthenticationError),
        (errors.MfrCodeError, errors.AuthenticationError),
        (errors.TokenContentError, errors.UnknownTokenError),
        (errors.CheckDigitError, errors.StsInputError),
    ],
)
def test_broader_kinds(kind: type[Exception], broader: type[Exception]) -> None:
    """Who catches the broader kind catches the narrower one."""
    assert issubclass(kind, broader)


@pytest.mark.parametrize("kind", [errors.UnknownTokenError, errors.KeyUseError, errors.KeyChangeError])
def test_authentic_all_the_same(kind: type[Exception]) -> None:
    """What was refused for another reason than its check bits or its maker is not said to be inauthentic."""
    assert not issubclass(kind, errors.AuthenticationError)
