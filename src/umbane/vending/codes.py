"""The reasons for which a sale is refused, by names that never change: programs go by them."""

from enum import StrEnum
from typing import Final

__all__ = ["PASSING", "Code"]


class Code(StrEnum):
    """Why there is no token."""

    # The message
    CONFLICT = "message_id_conflict"
    """The same message id was used for something else."""
    IN_PROGRESS = "in_progress"
    """The same message is being worked on: ask again."""
    UNAVAILABLE = "unavailable"
    """Nothing was decided: send the same message again."""
    BAD_MESSAGE_ID = "bad_message_id"
    """The message can't be told from others, so nothing of it is kept."""
    BAD_REQUEST = "bad_request"
    """A value can't be what it says."""

    # A sale that was made
    RELEASED = "already_released"
    """Digits have left the house: it can't be taken back."""
    REVERSED = "already_reversed"
    """It was taken back: its digits are never shown."""
    LATER_SALES = "later_sales"
    """Others on the same account came after it."""

    # Who sells
    UNKNOWN_TERMINAL = "unknown_terminal"
    SELLER_BLOCKED = "seller_blocked"
    FLOAT_EXHAUSTED = "float_exhausted"
    NOT_PERMITTED = "not_permitted"
    APPROVAL_NEEDED = "approval_needed"

    # The meter
    BAD_METER_NUMBER = "bad_meter_number"
    WRONG_CHECK_DIGIT = "wrong_check_digit"
    UNKNOWN_METER = "unknown_meter"
    METER_BLOCKED = "meter_blocked"
    METER_NOT_INSTALLED = "meter_not_installed"
    NO_CONTRACT = "no_contract"
    TIDS_EXHAUSTED = "tids_exhausted"

    # Its key
    NO_KEY = "no_key"
    KEY_EXPIRED = "key_expired"
    KEY_CHANGE_DUE = "key_change_due"
    KEY_CHANGE_PENDING = "key_change_pending"
    NO_KEY_CHANGE = "no_key_change"
    KEY_CHANGE_REFUSED = "key_change_refused"

    # The price
    WRONG_CURRENCY = "wrong_currency"
    BELOW_MINIMUM = "below_minimum"
    ABOVE_MAXIMUM = "above_maximum"
    NO_TARIFF = "no_tariff"
    NO_PRICE = "no_price"
    NOTHING_DUE = "nothing_due"
    NOTHING_OWED = "nothing_owed"


PASSING: Final = frozenset(
    {
        Code.CONFLICT,
        Code.IN_PROGRESS,
        Code.UNAVAILABLE,
        Code.BAD_MESSAGE_ID,
        Code.UNKNOWN_TERMINAL,
        Code.APPROVAL_NEEDED,
    }
)
"""Answers that are not the outcome of their message, and are not kept."""
