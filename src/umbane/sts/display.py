"""Class 1: tokens that make a meter test itself or show something; no key, no TID (IEC 62055-41 6.2, Table 27)."""

from dataclasses import dataclass
from enum import IntFlag
from typing import ClassVar, Final, Self

from umbane.sts.checks import require_int
from umbane.sts.content import CONTENT_BITS
from umbane.sts.crc import crc
from umbane.sts.errors import MfrCodeError, StsInputError, UnknownTokenError
from umbane.sts.identifiers import require_code_digits

__all__ = ["Control", "InitiateTest"]


class Control(IntFlag):
    """The control field: bit n asks for test number n + 1; all bits together are test number 0 (Table 27)."""

    TEST_LOAD_SWITCH = 1 << 0
    TEST_DISPLAY = 1 << 1
    DISPLAY_REGISTER_TOTALS = 1 << 2
    DISPLAY_KRN_AND_KT = 1 << 3
    DISPLAY_TI = 1 << 4
    TEST_TOKEN_READER = 1 << 5
    DISPLAY_MAXIMUM_POWER_LIMIT = 1 << 6
    DISPLAY_TAMPER_STATUS = 1 << 7
    DISPLAY_POWER_CONSUMPTION = 1 << 8
    DISPLAY_SOFTWARE_VERSION = 1 << 9
    DISPLAY_PHASE_POWER_UNBALANCE_LIMIT = 1 << 10
    DISPLAY_WATER_METER_FACTOR = 1 << 11
    DISPLAY_TARIFF_RATE = 1 << 12
    DISPLAY_EA = 1 << 13
    DISPLAY_KCT_COUNT = 1 << 14
    DISPLAY_SGC = 1 << 15
    DISPLAY_KEN = 1 << 16
    DISPLAY_DRN = 1 << 17


SHORT_CODE_SUBCLASSES: Final = frozenset({0, 2, 11, 12, 13, 14, 15})
"""Subclasses with a control field of 36 bits and a manufacturer code of 8."""

LONG_CODE_SUBCLASSES: Final = frozenset({1, 6, 7, 8, 9, 10})
"""Subclasses with a control field of 28 bits and a manufacturer code of 16."""

SUBCLASSES: Final = SHORT_CODE_SUBCLASSES | LONG_CODE_SUBCLASSES
"""All but 3-5, which are reserved."""

EVERYTHING_SUBCLASS: Final = {2: 0, 4: 1}
"""The subclass for meters of every make, by the digits of their manufacturer codes."""


def control_width(subclass: int) -> int:
    """Bits of the control field; the manufacturer code takes the other 8 or 16."""
    return 36 if subclass in SHORT_CODE_SUBCLASSES else 28


@dataclass(frozen=True, slots=True)
class InitiateTest:
    """InitiateMeterTest/Display: subclass 0 for manufacturer codes of two digits, 1 for four, 2 for STS 202-5.

    Subclasses 6-15 are the manufacturers' own; 3-5 are reserved and refused.

    Attributes:
        control: the tests to run: 36 bits in subclasses 0, 2 and 11-15, 28 bits in 1 and 6-10. In subclass 2 zeros
            are ReadControl and FC0000000 (hex) is ReadFlag.
        manufacturer_code: whose meters; 0 in subclasses 0 and 1 is every meter's. 0-99 or 0-9999.
        subclass: see above.
    """

    token_class: ClassVar[int] = 1

    control: int
    manufacturer_code: int = 0
    subclass: int = 0

    def __post_init__(self) -> None:
        require_int("SubClass", self.subclass, 0, 15)
        if self.subclass not in SUBCLASSES:
            raise StsInputError("SubClass", f"{self.subclass} of class 1 is reserved", "give 0, 1, 2 or 6 to 15")
        require_int("Control", self.control, 0, (1 << self.control_bits) - 1)
        require_int("MfrCode", self.manufacturer_code, 0, 99 if self.subclass in SHORT_CODE_SUBCLASSES else 9999)

    @classmethod
    def everything(cls, *, code_digits: int = 2) -> Self:
        """Test number 0, for meters with manufacturer codes of 2 or of 4 digits."""
        subclass = EVERYTHING_SUBCLASS[require_code_digits(code_digits)]
        return cls((1 << control_width(subclass)) - 1, subclass=subclass)

    @property
    def control_bits(self) -> int:
        """Width of the control field: 36 or 28."""
        return control_width(self.subclass)

    @property
    def asks_for_everything(self) -> bool:
        """Whether this is test number 0."""
        return self.control == (1 << self.control_bits) - 1

    @property
    def tests(self) -> tuple[Control, ...]:
        """The tests asked for that have a name, lowest bit first; all of them for test number 0."""
        return tuple(test for test in Control if self.control & test)

    def content(self) -> int:
        """Control | manufacturer code, the code as a plain binary number."""
        return self.control << CONTENT_BITS - self.control_bits | self.manufacturer_code

    def check_bits(self, message: int) -> int:
        """The CRC of the 50-bit ``message``."""
        return crc(message)

    @classmethod
    def from_content(cls, subclass: int, content: int) -> Self:
        """Read any class 1 token.

        Raises:
            UnknownTokenError: the subclass is reserved.
            MfrCodeError: the manufacturer code has more digits than those of its subclass (7.3.6).
        """
        if subclass not in SUBCLASSES:
            raise UnknownTokenError(f"class 1 subclass {subclass} is reserved")
        code_bits = CONTENT_BITS - control_width(subclass)
        try:
            return cls(content >> code_bits, content & (1 << code_bits) - 1, subclass)
        except StsInputError as error:
            raise MfrCodeError(str(error)) from error
