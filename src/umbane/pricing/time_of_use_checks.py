"""What must hold in the time-of-use section of a tariff document."""

from collections import Counter
from collections.abc import Iterator
from datetime import time
from itertools import pairwise, product

from umbane.pricing.document import Switching, TimeOfUse
from umbane.pricing.yaml_source import Path

__all__ = ["DAYS", "MONTHS", "time_of_use_problems"]

Found = tuple[Path, str, str]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS = tuple(str(month) for month in range(1, 13))
AT: Path = ("energy", "time_of_use")


def time_of_use_problems(section: TimeOfUse) -> Iterator[Found]:
    """Everything wrong between the fields of the section."""
    names = [rate.name for rate in section.rates]
    if not names or len(set(names)) < len(names):
        yield (*AT, "rates"), "need a name each, and at least one rate", "names like peak and off-peak"
    if section.purchase_rate is not None and section.purchase_rate not in names:
        yield (*AT, "purchase_rate"), f"{section.purchase_rate} is no rate", f"one of {', '.join(names)}"
    for place, switching in enumerate(section.switching):
        yield from _times((*AT, "switching", place), switching, names)
    yield from _coverage(section)


def _times(path: Path, switching: Switching, names: list[str]) -> Iterator[Found]:
    times = [it.at for it in switching.times]
    if times[:1] != [time(0)] or any(later <= earlier for earlier, later in pairwise(times)):
        yield (*path, "times"), "don't rise from midnight", 'the first at "00:00", each later than the one before'
    for place, it in enumerate(switching.times):
        if it.rate not in names:
            yield (*path, "times", place, "rate"), f"{it.rate} is no rate", f"one of {', '.join(names)}"


def _coverage(section: TimeOfUse) -> Iterator[Found]:
    """Every day of every month needs exactly one way of switching; holidays may have one of their own."""
    given: Counter[tuple[str, str]] = Counter(
        pair for it in section.switching for pair in product(it.months or MONTHS, it.days)
    )
    for month, day in product(MONTHS, DAYS):
        if given[month, day] != 1:
            problem = f"{day} in month {month} is switched {given[month, day]} times"
            yield (*AT, "switching"), problem, "each day of each month once"
            return
    if any(given[month, "holiday"] > 1 for month in MONTHS):
        yield (*AT, "switching"), "holidays are switched twice", "at most once"
