"""IEC 62055-41, the Standard Transfer Specification: identifiers, amounts, keys and tokens as values and functions.

Nothing here keeps a clock or opens a file, ``load_sta_tables`` apart. The same operations on arrays of
meters are in ``umbane.sts.batch``.
"""

from umbane.sts.amounts import (
    MAX_AMOUNT,
    MAX_CURRENCY_AMOUNT,
    decode_amount,
    decode_currency,
    encode_amount,
    encode_currency,
    rounded_amount,
    rounded_currency,
)
from umbane.sts.codec import decode, encode
from umbane.sts.content import StampedToken, Token
from umbane.sts.credit import Credit, CurrencyCredit, Service
from umbane.sts.display import Control, InitiateTest
from umbane.sts.errors import (
    AmountError,
    AuthenticationError,
    CheckDigitError,
    CrcError,
    KeyChangeError,
    KeyExpiredError,
    KeyUseError,
    MfrCodeError,
    StaTablesError,
    StsError,
    StsInputError,
    TidError,
    TokenFormatError,
    UnknownTokenError,
)
from umbane.sts.framing import EncodedToken
from umbane.sts.hazmat.tablefile import load_sta_tables, recognise, sta_tables_from_environment
from umbane.sts.hazmat.tables import SAMPLE_TABLES, StaTables
from umbane.sts.identifiers import DRN, MeterPAN, luhn_digit, luhn_valid
from umbane.sts.keychange import (
    PERMITTED_CHANGES,
    KeyChangeSection,
    NewKey,
    Set1stSectionDecoderKey,
    Set2ndSectionDecoderKey,
    Set3rdSectionDecoderKey,
    Set4thSectionDecoderKey,
    assemble,
    key_change_set,
    require_permitted_change,
)
from umbane.sts.keys import DecoderKey, VendingKey, derive
from umbane.sts.management import (
    ClearCredit,
    ClearTamperCondition,
    ExtendedManagement,
    Flag,
    Register,
    SetMaximumPhasePowerUnbalanceLimit,
    SetMaximumPowerLimit,
    SetTariffRate,
    SetWaterMeterFactor,
)
from umbane.sts.parameters import DKGA, EA, KEN, KRN, KT, SGC, TCT, TI, BaseDate
from umbane.sts.tid import LAST_TID, TID, require_unexpired

__all__ = [
    "DKGA",
    "DRN",
    "EA",
    "KEN",
    "KRN",
    "KT",
    "LAST_TID",
    "MAX_AMOUNT",
    "MAX_CURRENCY_AMOUNT",
    "PERMITTED_CHANGES",
    "SAMPLE_TABLES",
    "SGC",
    "TCT",
    "TI",
    "TID",
    "AmountError",
    "AuthenticationError",
    "BaseDate",
    "CheckDigitError",
    "ClearCredit",
    "ClearTamperCondition",
    "Control",
    "CrcError",
    "Credit",
    "CurrencyCredit",
    "DecoderKey",
    "EncodedToken",
    "ExtendedManagement",
    "Flag",
    "InitiateTest",
    "KeyChangeError",
    "KeyChangeSection",
    "KeyExpiredError",
    "KeyUseError",
    "MeterPAN",
    "MfrCodeError",
    "NewKey",
    "Register",
    "Service",
    "Set1stSectionDecoderKey",
    "Set2ndSectionDecoderKey",
    "Set3rdSectionDecoderKey",
    "Set4thSectionDecoderKey",
    "SetMaximumPhasePowerUnbalanceLimit",
    "SetMaximumPowerLimit",
    "SetTariffRate",
    "SetWaterMeterFactor",
    "StaTables",
    "StaTablesError",
    "StampedToken",
    "StsError",
    "StsInputError",
    "TidError",
    "Token",
    "TokenFormatError",
    "UnknownTokenError",
    "VendingKey",
    "assemble",
    "decode",
    "decode_amount",
    "decode_currency",
    "derive",
    "encode",
    "encode_amount",
    "encode_currency",
    "key_change_set",
    "load_sta_tables",
    "luhn_digit",
    "luhn_valid",
    "recognise",
    "require_permitted_change",
    "require_unexpired",
    "rounded_amount",
    "rounded_currency",
    "sta_tables_from_environment",
]
