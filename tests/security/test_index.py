"""Which request made which tokens."""

from hypothesis import given
from hypothesis import strategies as st

from umbane.security.chain import START, Entry, Position, sealed
from umbane.security.index import Index

SAME_HALF = 7
IDS = st.integers(0, (1 << 128) - 1) | st.integers(0, 50).map(lambda number: number << 64 | SAME_HALF)


def observe(index: Index, ids: list[int], made: int = 1, start: Position = START) -> Position:
    """Show the index a batch of these ids; where it ends."""
    _, batch = sealed(start, [Entry(0, "key 123456 1 2 abcdef"), *(Entry(made, f"{id_:032x} token") for id_ in ids)])
    index.observe(batch)
    return batch.end


@given(st.lists(IDS, unique=True, max_size=60), st.sets(IDS), st.integers(1, 20), st.integers(1, 9))
def test_finds_what_was_observed(ids: list[int], others: set[int], full: int, made: int) -> None:
    """Every id is found with its number, however full the dictionary may be, and ids that share a half with others."""
    index, end = Index(full), START
    for start in range(0, len(ids), 7):
        end = observe(index, ids[start : start + 7], made, end)
    found = index.find([*ids, *others])
    assert all(row * made in found[id_] for row, id_ in enumerate(ids))
    halves = {id_ % (1 << 64) for id_ in ids}
    assert {id_ for id_ in found if id_ % (1 << 64) not in halves} == set()


def test_few_runs() -> None:
    """A long journal is in a few runs, so that it takes no longer and longer to find something."""
    index = Index(full=10)
    for start in range(0, 10_000, 10):
        observe(index, list(range(start, start + 10)))
    assert len(index.runs) <= 10
    assert sum(len(run.halves) for run in index.runs) == 10_000


def test_nothing_observed() -> None:
    """An index of nothing finds nothing."""
    assert Index().find([1, 2, 3]) == {}
    assert Index().find([]) == {}
