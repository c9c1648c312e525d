"""The vector files that are kept: every vector, with exact totals."""

from collections import Counter

import pytest

from tests.conformance import make_vectors
from tests.conformance.support import OWN, own, published
from umbane.conformance import KINDS, Outcome, Result, Tally, Vector, run, run_vector

NEED_LICENSED_TABLES = {
    "meter-7-wrongkey",
    "meter-7-typo",
    "meter-kct2-reverse",
    "meter-kct2-creditfirst",
}


def results() -> list[Result]:
    """What comes of the published vectors without licensed tables."""
    return list(run([published()]))


def test_published_vectors() -> None:
    """Of 467 published vectors 463 pass, none fails, and 4 are skipped."""
    assert Tally.of(results()) == Tally(passed=463, failed=0, skipped=4)


def test_skipped_published_vectors() -> None:
    """The four that are skipped hold only under licensed tables, and say so."""
    skipped = {r.vector.id: r.reason for r in results() if r.outcome is Outcome.SKIPPED}
    assert skipped.keys() == NEED_LICENSED_TABLES
    assert set(skipped.values()) == {"holds only under licensed EA07 tables, and says nothing about the sample ones"}


def test_weight_of_the_evidence() -> None:
    """What passes rests on 100 stated, 231 recovered, 2 inferred, 76 peer and 54 derived vectors."""
    passed = Counter(r.vector.provenance for r in results() if r.outcome is Outcome.PASSED)
    assert passed == {"stated": 100, "recovered": 231, "inferred": 2, "peer": 76, "derived": 54}


@pytest.mark.parametrize("vector", own().vectors, ids=lambda vector: vector.id)
def test_own_vector(vector: Vector) -> None:
    """Each of our own vectors passes."""
    result = run_vector("", vector)
    assert (result.outcome, result.reason) == (Outcome.PASSED, "")


def test_own_vectors_are_those_that_are_made() -> None:
    """The kept file is what the script makes."""
    assert OWN.read_text(encoding="utf-8") == make_vectors.text()


def test_every_kind_has_vectors() -> None:
    """Between them the two files ask every kind of question there is."""
    asked = {vector.kind for file in (published(), own()) for vector in file.vectors}
    assert asked == set(KINDS)


def test_no_two_of_one_name() -> None:
    """No id stands for two vectors, in either file or between them."""
    names = Counter(vector.id for file in (published(), own()) for vector in file.vectors)
    assert [name for name, count in names.items() if count > 1] == []
