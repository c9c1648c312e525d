"""The runner against damaged vectors: it never breaks, and never passes what isn't so."""

from contextlib import suppress
from decimal import Decimal
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.conformance.support import Json, own, published
from tests.conformance.test_fields import JSON
from umbane.conformance import Outcome, Vector, run_vector
from umbane.conformance.vectors import Object

VECTORS = [*published().vectors, *own().vectors]
PASSING = [vector for vector in VECTORS if run_vector("", vector).outcome is Outcome.PASSED]


def with_inputs(vector: Vector, inputs: Object) -> Vector:
    """The vector with other inputs."""
    return Vector(**{**as_dict(vector), "inputs": inputs})


def with_expected(vector: Vector, name: str, value: object) -> Vector:
    """The vector with another value expected, under any tables."""
    expected = {**effective(vector), name: value}
    sample = None if vector.expected_with_sample_tables is None else expected
    return Vector(**{**as_dict(vector), "expected": expected, "expected_with_sample_tables": sample})


def as_dict(vector: Vector) -> dict[str, Any]:
    """The fields of a vector by name."""
    return {name: getattr(vector, name) for name in Vector.__slots__}


def effective(vector: Vector) -> Object:
    """What a vector expects under the sample tables."""
    return vector.expected if vector.expected_with_sample_tables is None else vector.expected_with_sample_tables


def plainly(value: object) -> object:
    """A value in the one form that its other spellings share: 5 for "05" and "5.0", digits for grouped ones."""
    if isinstance(value, dict):
        return {name: plainly(inner) for name, inner in value.items() if plainly(inner) != 0}
    if isinstance(value, list):
        return [plainly(inner) for inner in value]
    if not isinstance(value, str):
        return value
    text = value.replace(" ", "").lower()
    for spelling in (text, text.replace("-", "")):
        with suppress(ArithmeticError):
            return Decimal(spelling)
    return text.replace("-", "").removeprefix("0x")


@st.composite
def misled(draw: st.DrawFn) -> Vector:
    """A passing vector, one of whose expected values was replaced by one that means something else."""
    vector = draw(st.sampled_from(PASSING))
    name = draw(st.sampled_from(sorted(effective(vector))))
    right = effective(vector)[name]
    wrong = draw((JSON | near(right)).filter(lambda value: plainly(value) != plainly(right)))
    assume(not (name == "error" and wrong is True))  # any error at all: weaker, but not wrong
    return with_expected(vector, name, wrong)


def near(value: object) -> st.SearchStrategy[object]:
    """Values that differ a little from this one."""
    if isinstance(value, bool):
        return st.just(not value)
    if isinstance(value, int):
        return st.sampled_from([value + 1, value - 1, -value, str(value + 1), value << 16])
    if isinstance(value, str) and value:
        places = st.integers(0, len(value) - 1)
        changed = st.tuples(places, st.sampled_from("0123456789abcdefXyz "))
        return changed.map(lambda change: value[: change[0]] + change[1] + value[change[0] + 1 :]) | st.just(value[1:])
    if isinstance(value, list) and value:
        return st.sampled_from([value[:-1], [*value, value[-1]], value[::-1], [*value[:-1], "Accept"], []])
    return st.none()


@settings(max_examples=400)
@given(misled())
def test_a_wrong_expectation_never_passes(vector: Vector) -> None:
    """A vector that expects something else than what is right is never passed."""
    assert run_vector("", vector).outcome is not Outcome.PASSED


@st.composite
def damaged(draw: st.DrawFn) -> Vector:
    """A vector, some of whose inputs were replaced, dropped or added, also inside its objects."""
    vector = draw(st.sampled_from(VECTORS))
    return with_inputs(vector, {"kind": vector.kind, **damage(draw, vector.inputs)})


def damage(draw: st.DrawFn, inputs: Object) -> Json:
    """The inputs with some of them damaged."""
    damaged = dict(inputs)
    for name in draw(st.lists(st.sampled_from(sorted(damaged)), min_size=1, max_size=2, unique=True)):
        value = damaged.pop(name)
        if isinstance(value, dict) and value and draw(st.booleans()):
            damaged[name] = damage(draw, value)
        elif name != "kind" and draw(st.booleans()):
            damaged[name] = draw(JSON | near(value) | st.sampled_from(EDGES))
    if draw(st.booleans()):
        damaged[draw(st.sampled_from(NAMES))] = draw(JSON | st.sampled_from(EDGES))
    return damaged


NAMES = sorted({name for vector in VECTORS for name in vector.inputs} - {"kind"})
EDGES = [0, -1, 1, 255, 256, 1 << 24, 1 << 64, 10**30, "", "0", "9" * 20, "1e60", Decimal("1e-60"), True, [], {}, [[]]]
EDGES += ["0001-01-01T00:00", "9999-12-31T23:59", "9999-12-31T23:59:59.999999+14:00", "0001-01-01T00:00+14:00", "０１"]


@settings(max_examples=600)
@given(damaged())
def test_damaged_inputs_break_nothing(vector: Vector) -> None:
    """Whatever stands in the inputs, there is an outcome, and one that isn't a pass has a reason."""
    result = run_vector("", vector)
    assert bool(result.reason) is (result.outcome is not Outcome.PASSED)
