"""The form in which a contract keeps what the next price depends on."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umbane.pricing import Arrears, CustomerState, StateError
from umbane.registry.states import decode_state, encode_state

AMOUNTS = st.integers(0, 10**15)
DAYS = st.none() | st.dates(date(1993, 1, 1), date(2100, 1, 1))
PERCENTS = st.none() | st.integers(0, 100).map(str) | st.just("12.5")
DEBTS = st.builds(
    Arrears,
    kind=st.text(min_size=1, max_size=5),
    owed=AMOUNTS,
    paid=AMOUNTS,
    percent=PERCENTS,
    instalment=st.none() | AMOUNTS,
    frozen=st.booleans(),
)
STATES = st.builds(
    CustomerState,
    period_start=DAYS,
    purchased=st.integers(0, 10**12),
    spent=AMOUNTS,
    credit=AMOUNTS,
    arrears=st.lists(DEBTS, max_size=3).map(tuple),
    charged_on=DAYS,
    unpaid_charges=st.lists(st.tuples(st.text(max_size=5), AMOUNTS), max_size=3).map(tuple),
    free_from=DAYS,
    free_until=DAYS,
    free_claimed_on=DAYS,
    anniversary=st.integers(1, 31),
    connected_load=st.none() | st.integers(1, 10**12),
)


@given(STATES)
def test_there_and_back(state: CustomerState) -> None:
    """A state comes back as it was kept."""
    assert decode_state(encode_state(state)) == state


@given(STATES)
def test_it_is_json(state: CustomerState) -> None:
    """What is kept is JSON that names what isn't as usual and nothing else."""
    kept = json.loads(encode_state(state))
    usual = CustomerState()
    assert set(kept) == {it for it in usual.__struct_fields__ if getattr(state, it) != getattr(usual, it)}


def test_the_usual() -> None:
    """A new customer's state says nothing, and is one value for all."""
    assert encode_state(CustomerState()) == "{}"
    assert decode_state("{}") is decode_state("{}")


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{", "null", "7", '{"purchased": -1}', '{"purchased": "5"}', '{"surprise": 1}'),
        *('{"charged_on": "yesterday"}', '{"arrears": [{"kind": "x"}]}', '{"unpaid_charges": [["x"]]}'),
        '{"arrears": [{"kind": "x", "owed": 1, "percent": "200"}]}',
    ],
)
def test_not_ours(text: str) -> None:
    """What somebody else wrote there is no state, and is not taken for one."""
    with pytest.raises((StateError, ValueError, TypeError)):
        decode_state(text)
