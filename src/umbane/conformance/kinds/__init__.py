"""What vectors can ask, each kind a function from its inputs and the EA07 tables to everything it can tell."""

from collections.abc import Callable
from typing import Final

from umbane.conformance.comparison import Outputs
from umbane.conformance.fields import Fields
from umbane.conformance.kinds import blocks, identifiers, keychanges, meters, moments, tokens
from umbane.sts import StaTables

__all__ = ["KINDS", "Kind"]

Kind = Callable[[Fields, StaTables], Outputs]

KINDS: Final[dict[str, Kind]] = {
    "luhn_digit": identifiers.check_digit,
    "luhn_check": identifiers.luhn_check,
    "pan_check": identifiers.pan_check,
    "pan_from_drn": identifiers.pan_from_drn,
    "crc": blocks.check_bits,
    "pan_block_parts": blocks.pan_block_parts,
    "control_block": blocks.control_block_of,
    "dkga04_block_len": blocks.dkga04_block_length,
    "dkga": blocks.decoder_key,
    "ea07_block": blocks.ea07_block,
    "key_align": blocks.aligned_key,
    "misty1": blocks.misty1_block,
    "tid": moments.identifier,
    "ken": moments.expiry,
    "pos_ken": moments.point_of_sale_expiry,
    "amount_field": tokens.amount_field,
    "class1": tokens.display_token,
    "token": tokens.token,
    "token_decode": tokens.token_decode,
    "kct_set": keychanges.key_change,
    "meter": meters.meter,
}
"""Every kind of the format."""
