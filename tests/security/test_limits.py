"""The limits of keys by themselves; a module with them is in `process/test_host.py`."""

from datetime import UTC, datetime

from tests.security.support import GROUP, request
from umbane.security import Quota, VendingKeyName
from umbane.security.chain import START, sealed
from umbane.security.counting import Counters
from umbane.security.limits import Limits, quota_entry
from umbane.security.orders import text_of, token_orders
from umbane.sts import KRN, KT

NAME = VendingKeyName(GROUP, KRN(1), KT.DUTK)
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def test_nobody_said_anything() -> None:
    """A key of which nobody said what it may be used for may be used for everything, as far as its ceiling."""
    limits = Limits()
    assert not limits.is_any
    entry = quota_entry(NAME, Quota(1, None))
    _, batch = sealed(START, [entry])
    limits.note(text_of(batch.lines[0]).split()[1:])
    assert limits.quotas() == {NAME: Quota(1, None)}
    orders = token_orders([request(), request()])
    assert list(limits.refusals([(order, 1) for order in orders], Counters(), NOW)) == [orders[1].id]
