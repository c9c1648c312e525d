"""Deductions and their inverse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umbane.pricing.claims import UNLIMITED, Claim, needed, take
from umbane.pricing.fields import MILLION

SHARES = st.integers(0, MILLION) | st.sampled_from([0, 200_000, 500_000, MILLION])
WANTED = st.integers(0, 5_000) | st.just(UNLIMITED)
CLAIMS = st.lists(st.builds(Claim, WANTED, SHARES, st.none()), max_size=5).filter(
    lambda claims: sum(claim.share for claim in claims if claim.wanted == UNLIMITED) < MILLION
)
CEILINGS = st.integers(1, MILLION) | st.just(MILLION)


def left(money: int, claims: list[Claim[None]], ceiling: int) -> int:
    """What the claims leave of the money."""
    return money - sum(take(money, claims, ceiling))


def claims(*pairs: tuple[int, int]) -> list[Claim[None]]:
    """Claims from pairs of wanted amounts and percentages."""
    return [Claim(wanted, percent * MILLION // 100, None) for wanted, percent in pairs]


@pytest.mark.parametrize(
    ("money", "made", "ceiling", "taken"),
    [
        (10_000, [(50_000, 20)], 100, [2_000]),
        (10_000, [(1_500, 20)], 100, [1_500]),
        (10_000, [(20_000, 100)], 50, [5_000]),
        (10_000, [(3_000, 100), (50_000, 30)], 50, [3_000, 2_000]),
        (10_000, [(UNLIMITED, 3)], 100, [300]),
        (99, [(50_000, 20)], 100, [19]),
        (5_000, [(8_000, 100), (100, 100)], 100, [5_000, 0]),
        (10_000, [], 100, []),
    ],
)
def test_take(money: int, made: list[tuple[int, int]], ceiling: int, taken: list[int]) -> None:
    """A claim gets what it wants up to its share; all together get the ceiling; the cent that isn't whole stays."""
    assert take(money, claims(*made), ceiling * MILLION // 100) == taken


@given(money=st.integers(0, 50_000), made=CLAIMS, ceiling=CEILINGS)
def test_within_bounds(money: int, made: list[Claim[None]], ceiling: int) -> None:
    """No claim gets less than nothing or more than it wants, and all together no more than the ceiling."""
    taken = take(money, made, ceiling)
    assert all(0 <= amount <= claim.wanted for amount, claim in zip(taken, made, strict=True))
    assert sum(taken) * MILLION <= money * ceiling


@given(money=st.integers(0, 50_000), made=CLAIMS, ceiling=CEILINGS)
def test_what_is_left_rises_by_one_at_most(money: int, made: list[Claim[None]], ceiling: int) -> None:
    """One minor unit more leaves as much as before, or one more."""
    assert left(money + 1, made, ceiling) - left(money, made, ceiling) in {0, 1}


@given(wanted=st.integers(0, 30_000), made=CLAIMS, ceiling=CEILINGS)
def test_needed_is_the_least(wanted: int, made: list[Claim[None]], ceiling: int) -> None:
    """The money needed leaves exactly what was wanted, and one minor unit less doesn't."""
    money = needed(wanted, made, ceiling)
    assert left(money, made, ceiling) == wanted
    assert money == 0 or left(money - 1, made, ceiling) < wanted


def test_nothing_needed() -> None:
    """To leave nothing, no money is needed, whatever is claimed."""
    assert needed(0, claims((500, 100))) == 0
    assert needed(-5, []) == 0
