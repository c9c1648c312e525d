"""Running vectors: which tables and which expectation hold for each, and what came of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from umbane.conformance.comparison import Outputs, accepted, agrees, refused
from umbane.conformance.errors import UnusableInputError
from umbane.conformance.fields import Fields
from umbane.conformance.kinds import KINDS
from umbane.conformance.kinds.keychanges import EXPECTED_COUNT
from umbane.conformance.vectors import Object, Vector, VectorFile
from umbane.errors import UmbaneError, shown
from umbane.sts import SAMPLE_TABLES, StaTables

__all__ = ["Outcome", "Result", "run", "run_vector"]

WITH_SAMPLE_TABLES: Final = "_with_sample_tables"
"""What ends the name of an input that takes the place of another when there are only sample tables."""


class Outcome(StrEnum):
    """What came of a vector."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one vector.

    Attributes:
        file: where it stands.
        vector: the vector.
        outcome: passed, failed or skipped.
        tables: the EA07 tables it ran under: "sample", "licensed" or "none".
        reason: why it failed or was skipped; empty if it passed.
        expected: what was expected under those tables.
        got: what came out, for each name that was expected and could be told.
    """

    file: str
    vector: Vector
    outcome: Outcome
    tables: str
    reason: str = ""
    expected: Object = field(default_factory=dict)
    got: Object = field(default_factory=dict)


class Question(NamedTuple):
    """A vector under certain tables."""

    inputs: Object
    expected: Object
    tables: StaTables
    tables_name: str


class Unasked(Exception):  # noqa: N818 - not an error, but the reason why a vector isn't run
    """A vector can't be run with the tables at hand."""


def run(files: Iterable[VectorFile], licensed: StaTables | None = None) -> Iterator[Result]:
    """Run every vector of these files.

    Args:
        files: as ``load_vectors`` reads them.
        licensed: the EA07 tables of meters in the field, if there are any. Without them a production vector runs
            against the sample tables where it says what to expect of them, and is skipped where it doesn't.
    """
    for file in files:
        seen: dict[str, int] = {}
        for vector in file.vectors:
            first = seen.setdefault(vector.id, vector.index)
            if first != vector.index:
                yield skipped(file.name, vector, f"entry {first} has the same id")
            else:
                yield run_vector(file.name, vector, licensed)


def skipped(file: str, vector: Vector, reason: str) -> Result:
    """The result of a vector that wasn't run."""
    return Result(file, vector, Outcome.SKIPPED, "none", reason, vector.expected)


def run_vector(file: str, vector: Vector, licensed: StaTables | None = None) -> Result:
    """Run one vector; ``licensed`` as for ``run``."""
    try:
        question = asked(vector, licensed)
        outputs, refusal = answered(vector.kind, question)
    except (Unasked, UnusableInputError) as why:
        return skipped(file, vector, str(why))
    outcome, reason = judged(question.expected, outputs, refusal)
    got = {name: outputs[name] for name in question.expected if name in outputs}
    return Result(file, vector, outcome, question.tables_name, reason, question.expected, got)


def asked(vector: Vector, licensed: StaTables | None) -> Question:
    """The question that a vector asks with the tables at hand; Unasked if there is none."""
    if vector.kind not in KINDS:
        raise Unasked(f"unknown kind {shown(vector.kind)}")
    match vector.table_set:
        case "n/a":
            return Question(vector.inputs, vector.expected, SAMPLE_TABLES, "none")
        case "sample":
            return Question(vector.inputs, vector.expected, SAMPLE_TABLES, "sample")
        case "production" if licensed:
            return Question(vector.inputs, vector.expected, licensed, "licensed")
        case "production":
            return with_sample_tables(vector)
        case other:
            raise Unasked(f"unknown table_set {shown(other)}")


def with_sample_tables(vector: Vector) -> Question:
    """A production vector's own question for the sample tables; Unasked if it has none."""
    replacements = {
        name.removesuffix(WITH_SAMPLE_TABLES): value
        for name, value in vector.inputs.items()
        if name.endswith(WITH_SAMPLE_TABLES) and value is not None
    }
    expected = vector.expected_with_sample_tables
    if expected is None and not replacements:
        raise Unasked("holds only under licensed EA07 tables, and says nothing about the sample ones")
    return Question(
        {**vector.inputs, **replacements}, vector.expected if expected is None else expected, SAMPLE_TABLES, "sample"
    )


def answered(kind: str, question: Question) -> tuple[Outputs, UmbaneError | None]:
    """Everything that can be told about the question, and the refusal if that is the answer."""
    inputs = dict(question.inputs)
    if isinstance(tokens := question.expected.get("tokens"), list):
        inputs[EXPECTED_COUNT] = len(tokens)
    try:
        return {**accepted(), **KINDS[kind](Fields(inputs), question.tables)}, None
    except UnusableInputError:
        raise
    except UmbaneError as error:
        return refused(error), error


def judged(expected: Object, outputs: Outputs, refusal: UmbaneError | None) -> tuple[Outcome, str]:
    """Passed only if something is expected, all of it can be told, and all of it agrees."""
    wrong = [name for name, value in expected.items() if name in outputs and not agrees(value, outputs[name])]
    untold = [name for name in expected if name not in outputs]
    if refusal and (wrong or untold):
        return Outcome.FAILED, f"refused: {refusal}"
    if wrong:
        return Outcome.FAILED, f"not as expected: {', '.join(wrong)}"
    if untold:
        return Outcome.SKIPPED, f"nothing here can tell {', '.join(map(shown, untold))}"
    return (Outcome.PASSED, "") if expected else (Outcome.SKIPPED, "it expects nothing")
