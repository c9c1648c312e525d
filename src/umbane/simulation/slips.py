"""What is printed for each line of a purchases file: a receipt, a repeated one, or the reason why there is none."""

from umbane.simulation.models import Repeat, Sale
from umbane.simulation.receipts import receipt, refusal_slip, repeat_slip
from umbane.simulation.story import Chapter

__all__ = ["slip"]


def slip(chapter: Chapter) -> str:
    """The paper that comes out of the till."""
    if isinstance(chapter.outcome, Sale):
        return receipt(chapter.outcome, meter_words(chapter))
    if isinstance(chapter.outcome, Repeat):
        return repeat_slip(chapter.outcome)
    return refusal_slip(chapter.outcome)


def meter_words(chapter: Chapter) -> str:
    """What the meter shows after the tokens were typed."""
    tenths = ((chapter.balance or 0) + 50) // 100
    return f"{tenths // 10}.{tenths % 10} kWh, {'light' if chapter.lit else 'no light'}"
