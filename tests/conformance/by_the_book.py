"""IEC 62055-41 in its plainest form: what `make_vectors.py` computes expectations with.

Written apart from `umbane.sts`, from bits and lists, without any care for speed. Only the block cipher of EA11 is
shared; published vectors hold it by themselves.
"""

import hmac
from bisect import bisect_left, bisect_right
from datetime import datetime
from typing import Any

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from tests.sts.hazmat import oracle
from umbane.sts import SAMPLE_TABLES
from umbane.sts.hazmat import misty1

EPOCHS = {"93": datetime(1993, 1, 1), "14": datetime(2014, 1, 1), "35": datetime(2035, 1, 1)}  # noqa: DTZ001 - all in UTC

AMOUNTS = [10**e * m + sum(2**14 * 10**n for n in range(e)) for e in range(32) for m in range(2**14)]
"""What each code of exponent and mantissa stands for, in rising order; the first 65 536 are the 16-bit amounts."""

Params = dict[str, Any]


def check_bits(message: int, suffix: bytes = b"") -> int:
    """CRC-16 with polynomial A001 and preset FFFF over seven bytes, low byte first (6.3)."""
    register = 0xFFFF
    for byte in message.to_bytes(7, "big") + suffix:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ 0xA001 * (register & 1)
    return int.from_bytes(register.to_bytes(2, "little"), "big")


def amount_code(units: int) -> int:
    """The lowest code whose amount is at least ``units``: every rounding is up."""
    return bisect_left(AMOUNTS, units)


def currency_code(amount: int) -> tuple[int, int]:
    """S&E and Amount for 10**-5 of a currency, rounded towards plus infinity."""
    code = bisect_left(AMOUNTS, amount) if amount >= 0 else bisect_right(AMOUNTS, -amount) - 1
    sign = int(amount < 0 and code > 0)
    return sign << 3 | code >> 16, code & 0xFFFF


def minutes(issued: str, base: str) -> int:
    """Whole minutes since the base date (6.3.5)."""
    return int((datetime.fromisoformat(issued) - EPOCHS[base]).total_seconds()) // 60


def decoder_key(p: Params) -> str:
    """The decoder key in hexadecimal (6.5.3)."""
    vending_key = bytes.fromhex(p["vk"])
    if p["dkga"] == 4:
        return kdf(vending_key, p)
    iin_drn = p["pan"][:-1] if p["kt"] != 3 else p["pan"][:6] + "0" * 11
    data = int(iin_drn[-16:], 16) ^ int(f"{p['kt']}{p['sgc']}{p['ti']}{p['krn']}FFFFFF", 16)
    des = Cipher(TripleDES(vending_key * 3), modes.ECB()).encryptor()  # noqa: S305 - the standard's own
    encrypted = int.from_bytes(des.update(data.to_bytes(8, "big")), "big")
    return f"{encrypted ^ data ^ int.from_bytes(vending_key, 'big'):016x}"


def kdf(vending_key: bytes, p: Params) -> str:
    """DKGA04."""
    pan = p["pan"] if p["kt"] != 3 else "600727000000000000"
    label = b"\x04\x0204\x02" + p["base"].encode() + b"\x02%02d" % p["ea"] + b"\x02" + p["ti"].encode() + b"\x00"
    context = b"\x04\x06" + p["sgc"].encode() + b"\x01%d" % p["kt"] + b"\x01%d" % p["krn"] + b"\x12" + pan.encode()
    bits = {7: 64, 11: 128}[p["ea"]]
    digest = hmac.digest(vending_key, label + context + bits.to_bytes(4, "big"), "sha256")
    return digest[: bits // 8].hex()


def digits(token_class: int, subclass: int, content: int, key: str | None, suffix: bytes = b"") -> str:
    """The 20 digits of a token (6.4)."""
    message = token_class << 48 | subclass << 44 | content
    block = (message & (1 << 48) - 1) << 16 | check_bits(message, suffix)
    if key and len(key) == 16:
        block = oracle.encrypt(block, int(key, 16), SAMPLE_TABLES)
    elif key:
        block = misty1.encrypt(block, int(key, 16))
    bits = [block >> place & 1 for place in range(64)]
    bits += [bits[27], bits[28]]
    bits[27], bits[28] = token_class & 1, token_class >> 1
    return f"{sum(bit << place for place, bit in enumerate(bits)):020}"


def stamped(rnd: int, tid: int, field: int) -> int:
    """RND, TID and 16 bits."""
    return int(f"{rnd:04b}{tid:024b}{field:016b}", 2)


def key_change(key: str, p: Params, *, ken: int, ro: int, kct3: int = 0) -> list[str]:
    """The set that changes ``key`` for that of ``p``: two or three tokens for 64 bits, four for 128 (6.2.4)."""
    new = decoder_key(p)
    words = [new[start : start + 8] for start in range(0, len(new), 8)]
    sgc = int(p["sgc"])
    contents = [
        (3, f"{ken >> 4:04b}{p['krn']:04b}{ro:b}{kct3:b}{p['kt']:02b}", words[0]),
        (4, f"{ken & 15:04b}{int(p['ti']):08b}", words[-1]),
    ]
    if kct3:
        contents.append((8, f"{sgc:024b}{0:020b}", ""))
    if len(words) == 4:
        contents += [(8, f"{sgc & 4095:012b}", words[1]), (9, f"{sgc >> 12:012b}", words[2])]
    return [digits(2, sub, int(head + bits(word), 2), key) for sub, head, word in contents]


def bits(word: str) -> str:
    """Hexadecimal digits as binary ones."""
    return "".join(f"{int(digit, 16):04b}" for digit in word)
