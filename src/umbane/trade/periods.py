"""For which periods a vendor is to be paid, and by which version of a scheme: a pure function of what was agreed."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from umbane.trade.commission import Scheme
from umbane.trade.schemes import Term

__all__ = ["Period", "instant", "periods"]


class Period(NamedTuple):
    """A period of one vendor, and what it is reckoned by."""

    vendor_id: UUID
    first: date
    after: date
    """The first day that doesn't belong to it."""
    scheme: Scheme


def instant(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins."""
    return datetime.combine(day, time.min, zone)


def periods(
    terms: Sequence[Term], schemes: Mapping[str, Sequence[Scheme]], since: date | None, until: date
) -> Iterator[Period]:
    """The periods of one vendor that are over.

    A period ends with its day or month, with its version of the scheme, or with the term, whichever is first.

    Args:
        terms: the vendor's, in the order of their days.
        schemes: the active versions by scheme, in the order of their days.
        since: the first day that isn't accrued yet; None if nothing was.
        until: today: no period ends after it begins.
    """
    ends = [*(term.since for term in terms[1:]), date.max]
    for term, end in zip(terms, ends, strict=False):
        day = max(term.since, since or term.since)
        versions = schemes.get(term.scheme_id or "", ())
        while day < min(end, until) and (scheme := version_on(versions, day)):
            begins = max(day, scheme.valid_from)
            after = min(scheme.end_of(begins), end)
            if begins < after <= until:
                yield Period(term.vendor_id, begins, after, scheme)
            day = max(after, begins)
            if after > until:
                break


def version_on(versions: Sequence[Scheme], day: date) -> Scheme | None:
    """The version that holds on a day, or else the next one; None if none follows."""
    place = max(0, bisect_right(versions, day, key=lambda it: it.valid_from) - 1)
    after = (it for it in versions[place:] if it.valid_until is None or it.valid_until >= day)
    return next(after, None)
