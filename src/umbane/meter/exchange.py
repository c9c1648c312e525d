"""How a typed token comes to the part of the meter that understands it."""

from umbane.meter.config import Form
from umbane.meter.link import Fate
from umbane.meter.processing import process
from umbane.meter.results import Refusal, TokenOutcome
from umbane.meter.work import Work
from umbane.sts import EncodedToken

__all__ = ["enter_token", "keypad_works"]


def enter_token(work: Work, entered: str | EncodedToken) -> TokenOutcome:
    """Type a token into the keypad, wherever that is."""
    obstacle = keypad_obstacle(work)
    if obstacle is not None:
        return TokenOutcome(obstacle, authentication=None)
    return send(work, entered) if work.config.form is Form.SPLIT else process(work, entered)


def keypad_obstacle(work: Work) -> Refusal | None:
    """Why the keypad can't be used now, if it can't."""
    link = work.state.link
    if work.config.form is not Form.SPLIT:
        return None if work.state.powered else Refusal.NO_POWER
    if not link.paired:
        return Refusal.NOT_PAIRED
    return None if link.present and work.state.powered else Refusal.NO_ANSWER


def keypad_works(work: Work) -> bool:
    """Whether what is typed can reach the meter."""
    return keypad_obstacle(work) is None


def send(work: Work, entered: str | EncodedToken) -> TokenOutcome:
    """Send a token over the link until an answer comes back, or give up.

    The meter does the work once: it answers a repeated request as it answered the first. Where every answer was lost,
    the customer types the token again, and the TID memory sees to it that it doesn't count twice.
    """
    outcome = None
    for _ in range(work.config.link_tries):
        fate, work.state.link = work.state.link.next()
        if fate is Fate.REQUEST_LOST:
            continue
        outcome = outcome or process(work, entered)
        if fate is Fate.PASSES:
            return outcome
    return TokenOutcome(Refusal.NO_ANSWER, authentication=None)
