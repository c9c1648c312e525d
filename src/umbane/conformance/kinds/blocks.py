"""Check bits, the blocks that keys are made from, the keys, and single blocks under each cipher."""

from umbane.conformance.comparison import Hex, Outputs
from umbane.conformance.errors import UnusableInputError
from umbane.conformance.fields import Fields
from umbane.conformance.keys import base_date, derived_key, key_parts
from umbane.sts import EA, KT, StaTables
from umbane.sts.crc import crc, crc_c
from umbane.sts.framing import join_class
from umbane.sts.hazmat import misty1, sta
from umbane.sts.hazmat.dkga import control_block, dkga04_data, pan_block

__all__ = [
    "aligned_key",
    "check_bits",
    "control_block_of",
    "decoder_key",
    "dkga04_block_length",
    "ea07_block",
    "misty1_block",
    "pan_block_parts",
]

MESSAGE_BYTES = 7


def hexadecimal(number: int, bits: int) -> Hex:
    """A number with all the hexadecimal digits of its width."""
    return Hex(f"{number:0{bits // 4}X}")


def bounded(inputs: Fields, bits: int, *names: str) -> int:
    """A hexadecimal input of at most ``bits`` bits."""
    number = inputs.hexadecimal(*names)
    if number >> bits:
        raise UnusableInputError(f"inputs.{names[0]}", f"it has more than {bits} bits", f"give {bits // 4} digits")
    return number


def check_bits(inputs: Fields, _tables: StaTables) -> Outputs:
    """``crc``: the check bits of seven bytes, and those of a currency token."""
    message = inputs.octets("bytes", "data")
    if len(message) != MESSAGE_BYTES:
        raise UnusableInputError("inputs.bytes", f"{len(message)} bytes are no token", f"give {MESSAGE_BYTES} bytes")
    number = int.from_bytes(message)
    return {"crc": hexadecimal(crc(number), 16), "crc_c": hexadecimal(crc_c(number), 16)}


def pan_block_parts(inputs: Fields, _tables: StaTables) -> Outputs:
    """``pan_block_parts``: the PANBlock of an IIN and a DRN, whose check digits don't matter to it."""
    iin, drn = inputs.digits(6, "iin"), inputs.digits(11, "drn")
    if not (f"{iin}{drn}".isascii() and f"{iin}{drn}".isdigit()):
        raise UnusableInputError("inputs.drn", "it isn't digits alone", "give the digits 0-9")
    return {"block": hexadecimal(pan_block(iin, drn, inputs.code(KT, "kt")), 64)}


def control_block_of(inputs: Fields, _tables: StaTables) -> Outputs:
    """``control_block``: the CONTROLBlock of KT, SGC, TI and KRN."""
    parts = key_parts(inputs)
    block = control_block(parts.kt, str(parts.sgc), str(parts.ti), parts.krn.value)
    return {"block": hexadecimal(block, 64)}


def dkga04_block_length(inputs: Fields, _tables: StaTables) -> Outputs:
    """``dkga04_block_len``: how many bytes DKGA04 authenticates."""
    parts = key_parts(inputs)
    data = dkga04_data(
        base=base_date(inputs).value,
        ea=inputs.code(EA, "ea"),
        ti=str(parts.ti),
        sgc=str(parts.sgc),
        key_type=parts.kt,
        krn=parts.krn.value,
        pan=inputs.digits(18, "pan"),
    )
    return {"length": len(data), "block": Hex(data.hex())}


def decoder_key(inputs: Fields, _tables: StaTables) -> Outputs:
    """``dkga``: the decoder key of one meter."""
    key = derived_key(inputs, inputs)
    return {"decoder_key": hexadecimal(key.value, key.ea.key_bits)}


def ea07_block(inputs: Fields, tables: StaTables) -> Outputs:
    """``ea07_block``: one block through EA07, and the 66 bits it becomes; ``cipher`` alone is decrypted."""
    key = bounded(inputs, 64, "key")
    if not inputs.has("block"):
        return {"block": hexadecimal(sta.decrypt(bounded(inputs, 64, "cipher"), key, tables), 64)}
    cipher = sta.encrypt(bounded(inputs, 64, "block"), key, tables)
    token = join_class(cipher, inputs.integer("cls", default=0) & 3)
    return {"cipher": hexadecimal(cipher, 64), "token66": hexadecimal(token, 68)}


def aligned_key(inputs: Fields, _tables: StaTables) -> Outputs:
    """``key_align``: where EA07 encryption starts with its key."""
    return {"aligned": hexadecimal(sta.align_key(bounded(inputs, 64, "key")), 64)}


def misty1_block(inputs: Fields, _tables: StaTables) -> Outputs:
    """``misty1``: one block through EA11, and the second half of its expanded key; ``cipher`` alone is decrypted."""
    key = bounded(inputs, 128, "key")
    expanded = Hex("".join(f"{word:04x}" for word in misty1.expand_key(key).k_dash))
    if not inputs.has("block"):
        block = misty1.decrypt(bounded(inputs, 64, "cipher"), key)
        return {"block": hexadecimal(block, 64), "k_dash": expanded}
    return {"cipher": hexadecimal(misty1.encrypt(bounded(inputs, 64, "block"), key), 64), "k_dash": expanded}
