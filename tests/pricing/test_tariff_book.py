"""Versions of a tariff and the one in force."""

from datetime import UTC, datetime

import pytest

from tests.pricing.support import tariff
from umbane.pricing import NotInForce, PricingError, TariffBook

OLD = tariff(version="old", valid_from="2025-01-01", valid_until="2025-06-30")
NEW = tariff(version="new", valid_from="2025-07-01")
BOOK = TariffBook.of([NEW, OLD])


@pytest.mark.parametrize(
    ("moment", "version"),
    [
        (datetime(2025, 1, 1, 0, 0, tzinfo=UTC), "old"),
        (datetime(2025, 6, 30, 21, 59, tzinfo=UTC), "old"),  # 23:59 in Johannesburg
        (datetime(2025, 6, 30, 22, 0, tzinfo=UTC), "new"),
        (datetime(2099, 1, 1, tzinfo=UTC), "new"),
    ],
)
def test_the_version_in_force(moment: datetime, version: str) -> None:
    """A version holds from its first day to its last, both in local time."""
    assert BOOK.at(moment).version == version


@pytest.mark.parametrize("moment", [datetime(2024, 12, 31, 21, 59, tzinfo=UTC), datetime(1993, 1, 1, tzinfo=UTC)])
def test_no_version(moment: datetime) -> None:
    """Before the first version there is none."""
    with pytest.raises(NotInForce, match="they hold from 2025-01-01 to further notice"):
        BOOK.at(moment)


def test_a_gap() -> None:
    """Between two versions there may be a gap, in which none holds."""
    with pytest.raises(NotInForce):
        TariffBook.of([OLD, tariff(valid_from="2025-08-01")]).at(datetime(2025, 7, 5, tzinfo=UTC))


def test_an_empty_book() -> None:
    """A book without a tariff is refused."""
    with pytest.raises(PricingError, match="at least one version"):
        TariffBook.of([])


def test_two_tariffs() -> None:
    """Versions of different tariffs don't make a book."""
    with pytest.raises(PricingError, match="versions of one tariff"):
        TariffBook.of([OLD, tariff(id="other", valid_from="2026-01-01")])


def test_overlap() -> None:
    """Two versions may not hold on the same day."""
    with pytest.raises(PricingError, match="both hold on 2025-06-30; end the earlier one on the day before"):
        TariffBook.of([OLD, tariff(valid_from="2025-06-30")])


def test_a_moment_needs_a_zone() -> None:
    """A moment without a time zone is refused."""
    with pytest.raises(PricingError, match="time zone"):
        BOOK.at(datetime(2025, 7, 5))  # noqa: DTZ001 - that is the point
