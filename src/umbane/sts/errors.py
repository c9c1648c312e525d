"""What can be wrong with an identifier, an amount, a key or a token.

::

    UmbaneError
    ├── InputError
    │   └── StsInputError           a field of the standard was given a value it can't hold
    │       ├── CheckDigitError     a Luhn digit of a DRN or a MeterPAN doesn't fit the others
    │       ├── AmountError         an amount can't be carried by one token
    │       ├── TidError            a moment has no TokenIdentifier under this base date
    │       ├── TokenFormatError    what was typed isn't 20 digits of a 66-bit token
    │       └── StaTablesError      a file of EA07 tables is malformed or not what it says
    └── StsError                    every value is well formed, but the standard says no
        ├── AuthenticationError     the token isn't for this key or this meter
        │   ├── CrcError            the 16 check bits are wrong: another key, or a digit mistyped
        │   └── MfrCodeError        a class 1 token for another manufacturer's meters
        ├── UnknownTokenError       an authentic token of a class or subclass without a meaning here
        │   └── TokenContentError   its subclass has a meaning, but a field holds a number that none can have
        ├── KeyExpiredError         the vending key's KEN lies before the token's TID
        ├── KeyUseError             a key of this type may not encrypt this token
        └── KeyChangeError          this key may not be replaced by that one
"""

from umbane.errors import InputError, UmbaneError

__all__ = [
    "AmountError",
    "AuthenticationError",
    "CheckDigitError",
    "CrcError",
    "KeyChangeError",
    "KeyExpiredError",
    "KeyUseError",
    "MfrCodeError",
    "StaTablesError",
    "StsError",
    "StsInputError",
    "TidError",
    "TokenContentError",
    "TokenFormatError",
    "UnknownTokenError",
]


class StsInputError(InputError):
    """A field of the standard was given a value it can't hold."""


class CheckDigitError(StsInputError):
    """A Luhn check digit doesn't fit the digits before it."""


class AmountError(StsInputError):
    """An amount can't be carried by one token: never clipped, always refused."""


class TidError(StsInputError):
    """A moment has no TokenIdentifier under the base date, or the identifiers of its time are used up."""


class TokenFormatError(StsInputError):
    """What was typed isn't 20 decimal digits of a 66-bit token."""


class StaTablesError(StsInputError):
    """A set of EA07 substitution and permutation tables is malformed or isn't what it says it is."""


class StsError(UmbaneError):
    """Every value is well formed, but the standard says no."""


class AuthenticationError(StsError):
    """The token isn't for this key or this meter (IEC 62055-41 7.3.6)."""


class CrcError(AuthenticationError):
    """The check bits are wrong: the token is for another key, or a digit was mistyped."""


class MfrCodeError(AuthenticationError):
    """A class 1 token addresses the meters of another manufacturer."""


class UnknownTokenError(StsError):
    """The token is authentic, but its class or subclass has no meaning here."""


class TokenContentError(UnknownTokenError):
    """The token is authentic, but a field holds a number without a meaning: what a meter calls FormatError."""


class KeyExpiredError(StsError):
    """The key's KEN lies before the token's TID (IEC 62055-41 6.5.2.6)."""


class KeyUseError(StsError):
    """A key of this type may not encrypt this token."""


class KeyChangeError(StsError):
    """A key may not be replaced by the one asked for (IEC 62055-41 Table 33)."""
