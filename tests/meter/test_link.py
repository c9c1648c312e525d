"""The split form: a keypad unit at the end of a line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.meter.support import Till, config, kinds, new_meter, refuses, results, wrong
from umbane.meter import EmergencyPlan, Fate, Form, LinkState, Meter, Refusal

PASSES, REQUEST, ANSWER = Fate.PASSES, Fate.REQUEST_LOST, Fate.ANSWER_LOST


def split(*noise: Fate, present: bool = True, paired: bool = True) -> Meter:
    """A split meter whose line is like this."""
    meter = new_meter(config(form=Form.SPLIT))
    meter.set_link(LinkState(present, paired, noise))
    return meter


def test_clear_line() -> None:
    """Over a clear line everything is as on a meter in one piece."""
    meter, till = split(), Till()
    token = till.kwh(1)
    assert results(meter, [token, token, wrong(token), "1"]) == ["Accept", "UsedError", "CRCError", "FormatError"]


@pytest.mark.parametrize(
    ("meter", "refusal"),
    [
        (split(present=False), Refusal.NO_ANSWER),
        (split(paired=False), Refusal.NOT_PAIRED),
        (split(present=False, paired=False), Refusal.NOT_PAIRED),
        (split(REQUEST, REQUEST, REQUEST), Refusal.NO_ANSWER),
    ],
)
def test_no_way_through(meter: Meter, refusal: Refusal) -> None:
    """Where nothing gets through, nothing is done, and the token works later."""
    before = meter.state.tids
    till = Till()
    token = till.kwh(1)
    outcome = meter.enter(token)
    assert (outcome.result, outcome.authentication, outcome.events) == (refusal, None, ())
    assert (meter.state.tids, meter.credit()) == (before, 0)
    meter.set_link(LinkState())
    assert meter.enter(token).accepted


def test_meter_without_mains() -> None:
    """A keypad unit on batteries gets no answer from a meter without mains."""
    meter = split()
    meter.cut_power()
    assert meter.enter(Till().kwh(1)).result is Refusal.NO_ANSWER


@pytest.mark.parametrize("noise", [(REQUEST,), (REQUEST, REQUEST), (ANSWER,), (ANSWER, ANSWER), (REQUEST, ANSWER)])
def test_noise(noise: tuple[Fate, ...]) -> None:
    """Lost requests and answers are made up for by asking again; the credit comes once and is answered with Accept."""
    meter = split(*noise)
    assert meter.enter(Till().kwh(1)).accepted
    assert meter.credit() == 10
    assert meter.state.link == LinkState()


def test_every_answer_lost() -> None:
    """When every answer was lost the credit is there all the same, and typing again doesn't double it."""
    meter, till = split(ANSWER, ANSWER, ANSWER), Till()
    token = till.kwh(1)
    assert results(meter, [token, token]) == ["NoAnswer", "UsedError"]
    assert meter.credit() == 10


def test_wrong_tokens_count_once() -> None:
    """A wrong token that is sent three times is one guess, not three."""
    meter = split(ANSWER, ANSWER)
    meter.enter(wrong(Till().kwh(1)))
    assert meter.state.lockout.wrong == 1


def test_one_try() -> None:
    """A keypad unit that doesn't ask again gives up at the first loss."""
    meter = new_meter(config(form=Form.SPLIT, link_tries=1))
    meter.set_link(LinkState(noise=(REQUEST,)))
    assert meter.enter(Till().kwh(1)).result is Refusal.NO_ANSWER


def test_emergency_credit_needs_the_keypad() -> None:
    """What is asked for at the keypad needs the line as well."""
    meter = new_meter(config(form=Form.SPLIT, emergency=EmergencyPlan(limit=10)))
    meter.set_link(LinkState(present=False))
    assert meter.take_emergency_credit() == ()
    meter.set_link(LinkState())
    assert "emergency credit taken" in kinds(meter.take_emergency_credit())


@given(st.lists(st.sampled_from(Fate), max_size=20))
def test_exactly_once(noise: list[Fate]) -> None:
    """However noisy the line, a token that is typed until it is answered counts exactly once."""
    meter, till = split(*noise), Till()
    for number in range(1, 4):
        token = till.kwh(1)
        answers: list[str] = []
        while not answers or answers[-1] == "NoAnswer":
            answers.append(meter.enter(token).result.value)
        assert answers[-1] in {"Accept", "UsedError"}
        assert answers[-1] == "Accept" or len(answers) > 1
        assert meter.credit() == number * 10


@pytest.mark.parametrize(
    ("link", "field"),
    [
        (LinkState(present=1), "link"),  # type: ignore[arg-type]  # wrong types are tested
        (LinkState(paired=None), "link"),  # type: ignore[arg-type]  # the same
        (LinkState(noise=("lost",)), "noise"),  # type: ignore[arg-type]  # the same
        (LinkState(noise=(PASSES,) * 1001), "noise"),
    ],
)
def test_wrong_link(link: LinkState, field: str) -> None:
    """A line that can't be is refused."""
    with refuses(field):
        split().set_link(link)


def test_other_forms_have_no_line() -> None:
    """A meter in one piece doesn't care about a line."""
    meter = new_meter()
    meter.set_link(LinkState(present=False, paired=False))
    assert meter.enter(Till().kwh(1)).accepted
