"""Luhn digits, DRNs and MeterPANs."""

from umbane.conformance.comparison import Digits, Outputs
from umbane.conformance.fields import Fields
from umbane.sts import DRN, MeterPAN, StaTables, StsInputError, luhn_digit, luhn_valid

__all__ = ["check_digit", "luhn_check", "pan_check", "pan_from_drn"]


def check_digit(inputs: Fields, _tables: StaTables) -> Outputs:
    """``luhn_digit``: the check digit behind ``digits``."""
    digits = inputs.digits(1, "digits", "number")
    digit = luhn_digit(digits)
    return {"digit": digit, "number": Digits(f"{digits}{digit}")}


def luhn_check(inputs: Fields, _tables: StaTables) -> Outputs:
    """``luhn_check``: whether ``number`` ends with its check digit; what isn't digits doesn't."""
    try:
        return {"valid": luhn_valid(inputs.digits(1, "number", "digits"))}
    except StsInputError:
        return {"valid": False}


def pan_check(inputs: Fields, _tables: StaTables) -> Outputs:
    """``pan_check``: whether ``pan`` is a MeterPAN. A choice: with another IIN than the two of STS it isn't."""
    try:
        pan = MeterPAN(inputs.digits(18, "pan", "number"))
    except StsInputError:
        return {"valid": False}
    return {"valid": True, "iin": Digits(pan.iin), "drn": Digits(pan.drn), "mfr": pan.drn.manufacturer_code}


def pan_from_drn(inputs: Fields, _tables: StaTables) -> Outputs:
    """``pan_from_drn``: the MeterPAN of a meter known by its DRN."""
    drn = DRN(inputs.digits(11, "drn"))
    return {"pan": Digits(MeterPAN.from_drn(drn)), "iin": Digits(drn.iin), "mfr": drn.manufacturer_code}
