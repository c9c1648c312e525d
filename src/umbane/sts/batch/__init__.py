"""The token standard on arrays: the keys, tokens and key changes of many meters at once.

The same results as the single values of ``umbane.sts``, row by row; a single value goes with all rows of the others.
Errors name the first row that is wrong. Nothing of ``umbane.sts`` itself loads NumPy: import this package by its name.
"""

from umbane.sts.batch.amounts import decode_amounts, decode_currency_amounts, encode_amounts, encode_currency_amounts
from umbane.sts.batch.codec import Decoded, decode, encode, messages
from umbane.sts.batch.framing import Digits
from umbane.sts.batch.keychange import key_change_sets
from umbane.sts.batch.keys import DecoderKeys, derivation_rows, derive_keys, derived_keys
from umbane.sts.batch.tids import tids
from umbane.sts.batch.tokens import Tokens, credit, currency_credit, management

__all__ = [
    "Decoded",
    "DecoderKeys",
    "Digits",
    "Tokens",
    "credit",
    "currency_credit",
    "decode",
    "decode_amounts",
    "decode_currency_amounts",
    "derivation_rows",
    "derive_keys",
    "derived_keys",
    "encode",
    "encode_amounts",
    "encode_currency_amounts",
    "key_change_sets",
    "management",
    "messages",
    "tids",
]
