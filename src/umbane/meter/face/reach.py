"""Whether what is typed gets to the meter, and what is shown comes from it."""

from umbane.meter.config import Form
from umbane.meter.results import Refusal
from umbane.meter.view import MeterView

__all__ = ["obstacle"]


def obstacle(meter: MeterView) -> Refusal | None:
    """Why keypad and display can't be used now, if they can't.

    Those of a split meter run on a battery of their own; all others go dark with the mains.
    """
    link = meter.state.link
    if meter.config.form is not Form.SPLIT:
        return None if meter.powered else Refusal.NO_POWER
    if not link.paired:
        return Refusal.NOT_PAIRED
    return None if link.present and meter.powered else Refusal.NO_ANSWER
