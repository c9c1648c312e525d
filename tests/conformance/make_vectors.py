"""Make `umbane-vectors.json`: vectors for what published ones don't reach, refusals above all.

Run it from the project's root: `python -m tests.conformance.make_vectors`. Expectations come from `by_the_book.py`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.conformance import by_the_book as book

KEPT = Path(__file__).with_name("umbane-vectors.json")
SOURCE = "computed by the book, apart from the implementation under test"

Json = dict[str, Any]

VK02, VK04 = "abababababababab", "abababababababab949494949494949401234567"
SHORT, LONG = "600727000000000009", "000001000000000082"
LATE = "2036-05-17T13:24"
"""Beyond KEN 170 under base date 2014, which ends in 2035-04, and within 2014's 24 bits."""


def params(ea: int, **others: Any) -> Json:  # noqa: ANN401 - JSON holds anything
    """A meter's key: DKGA04, 2014, group 201457, unless something else is said."""
    given = {
        "dkga": 4,
        "vk": VK04,
        "pan": SHORT,
        "kt": 2,
        "sgc": "201457",
        "ti": "01",
        "krn": 1,
        "base": "14",
        "ea": ea,
    }
    return given | others


def vector(name: str, group: str, inputs: Json, expected: Json, **others: str) -> Json:
    """One vector; EA07 is always that of the sample tables."""
    ea = inputs.get("ea", inputs.get("key_params", {}).get("ea"))
    tables = "sample" if ea == 7 and inputs["kind"] != "dkga" else "n/a"
    head = {"id": f"umbane-{name}", "source": SOURCE, "group": group, "provenance": "derived", "table_set": tables}
    return {**head, **others, "inputs": inputs, "expected": expected}


def refusal(error: str) -> Json:
    """The expectation that something is refused, and why."""
    return {"refused": True, "error": error}


def stamped(name: str, group: str, p: Json, field: int, **inputs: Any) -> Json:  # noqa: ANN401 - as above
    """A token with a TID; ``inputs`` say which, and what its field means."""
    tid = book.minutes(issued := "2026-02-03T04:05", p["base"])
    content = book.stamped(5, tid, field)
    token = book.digits(inputs["cls"], inputs["sub"], content, book.decoder_key(p))
    asked = {"kind": "token", "ea": p["ea"], "key_params": p, "issued": issued, "base": p["base"], "rnd": 5}
    return vector(f"{name}-{p['ea']}", group, {**asked, **inputs}, {"token": token})


def credits_of_time() -> Iterator[Json]:
    """Class 0, subclass 3: minutes."""
    for ea in (7, 11):
        for amount, units in [("0.1", 1), ("1", 10), ("1440", 14400), ("1638.4", 16384), ("43200", 432000)]:
            yield stamped(f"time-{amount}", "time", params(ea), book.amount_code(units), cls=0, sub=3, amount=amount)


CURRENCY = ["0", "0.00001", "1", "-1", "-0.00001", "0.16383", "0.16384", "-0.16384", "1.80215", "-1.80215", "199.99"]
CURRENCY += ["-199.99", "123456789.12345", "100000000000000", "-100000000000000", "0.000001", "-0.000001"]


def credits_of_currency() -> Iterator[Json]:
    """Class 0, subclasses 4 to 7: credits and debits, every rounding towards the customer."""
    for ea in (7, 11):
        key = book.decoder_key(p := params(ea, pan=LONG))
        tid = book.minutes(issued := "2026-02-03T04:05", "14")
        for number, currency in enumerate(CURRENCY):
            sub = 4 + number % 4
            code = book.currency_code(rounded_up(currency))
            token = book.digits(0, sub, book.stamped(code[0], tid, code[1]), key, b"\x01")
            inputs = {"kind": "token", "ea": ea, "cls": 0, "sub": sub, "key_params": p, "issued": issued, "base": "14"}
            yield vector(f"currency-{currency}-{ea}", "currency", {**inputs, "currency": currency}, {"token": token})


def rounded_up(currency: str) -> int:
    """10**-5 of a currency, from its digits."""
    sign, plain = (-1, currency[1:]) if currency.startswith("-") else (1, currency)
    whole, _, fraction = plain.partition(".")
    kept, lost = fraction[:5].ljust(5, "0"), fraction[5:].strip("0")
    return sign * int(whole + kept) + int(bool(lost) and sign > 0)


def management() -> Iterator[Json]:
    """Class 2, subclasses 2, 7 and 10."""
    for ea in (7, 11):
        p = params(ea)
        yield stamped("tariff-rate", "reserved", p, 0x1234, cls=2, sub=2, value=0x1234)
        yield stamped("water-factor", "reserved", p, 0xFFFF, cls=2, sub=7, value=0xFFFF)
        for flag, on in [(0, 0), (0, 1), (11, 1), (511, 0)]:
            field = int(f"111111{flag:09b}{on}", 2)
            yield stamped(f"flag-{flag}-{on}", "flags", p, field, cls=2, sub=10, value=field)
            yield stamped(f"flag-{flag}-{on}-named", "flags", p, field, cls=2, sub=10, flag=flag, flag_value=on)
        yield stamped("extended-5-1023", "flags", p, 5 << 10 | 1023, cls=2, sub=10, index=5, data=1023)


def change(name: str, old: Json, new: Json, expected: Json | None = None, **inputs: Any) -> Json:  # noqa: ANN401 - as above
    """A whole key-change set."""
    asked = {"kind": "kct_set", "ea": old["ea"], "key_params": old, "new_key_params": new, **inputs}
    if expected is None:
        ken, ro, kct3 = inputs.get("ken", 255), inputs.get("ro", 0), inputs.get("kct3", 0)
        expected = {"tokens": book.key_change(book.decoder_key(old), new, ken=ken, ro=ro, kct3=kct3)}
    return vector(f"kct-{name}-{old['ea']}", "key-change", asked, expected)


def key_changes() -> Iterator[Json]:
    """Sets of two, three and four tokens."""
    old02 = params(7, dkga=2, vk=VK02, sgc="123456", base="93")
    yield change("des", old02, {**old02, "ti": "99", "krn": 9}, ken=0x5A)
    yield change("des-sgc", old02, {**old02, "sgc": "999999"}, kct3=1)
    for ea in (7, 11):
        old, other_group = params(ea), params(ea, sgc="004095", ti="42", krn=3)
        yield change("group", old, other_group, ken=170)
        yield change("rollover", old, params(ea, base="35", sgc="203557", krn=6), ro=1)
        yield change("no-rollover-asked", old, params(ea, base="35", sgc="203557", krn=6), ro=0)
        yield change("from-stock", params(ea, kt=1), old)
        yield change("to-stock", old, params(ea, kt=1))
        yield change("common", params(ea, kt=1), params(ea, kt=3), tct=1)
        yield change("common-common", params(ea, kt=3), params(ea, kt=3, krn=2), tct=1)
        yield change("common-stock", params(ea, kt=3), params(ea, kt=1), tct=1)
        yield change("from-expired", old, params(ea, krn=2), current_ken=85, issued=LATE, base="14")
    yield change("three", params(7), params(7, sgc="987654"), kct3=1, ken=255)


def refused_key_changes() -> Iterator[Json]:
    """What Table 33, a keypad or an expired key forbids."""
    for ea in (7, 11):
        old, common = params(ea), params(ea, kt=3)
        yield change("unique-common", old, common, refusal("KeyTypeError"), tct=1)
        yield change("common-unique", common, old, refusal("KeyTypeError"), tct=1)
        yield change("common-keypad", params(ea, kt=1), common, refusal("KeyTypeError"), tct=2)
        yield change("to-expired", old, params(ea, krn=2), refusal("KeyExpiredError"), ken=170, issued=LATE, base="14")
        yield change("krn-0", old, params(ea, krn=0), refusal("StsInputError"))
        yield change("krn-10", old, params(ea, krn=10), refusal("StsInputError"))
        yield change("ken-256", old, params(ea, krn=2), refusal("StsInputError"), ken=256)
    yield change("other-cipher", params(7), params(11), refusal("KeyChangeError"))


def decoded(name: str, group: str, p: Json, token: str, expected: Json, **others: str) -> Json:
    """A token to be read."""
    inputs = {"kind": "token_decode", "ea": p["ea"], "key_params": p, "token": token}
    return vector(f"decode-{name}-{p['ea']}", group, inputs, expected, **others)


SAID: list[tuple[str, int, int, int, Json]] = [
    ("electricity", 0, 0, 256, {"amount": "25.6"}),
    ("water", 0, 1, 0xFFFF, {"amount": "1820162.4"}),
    ("gas", 0, 2, 0x4000, {"amount": "1638.4"}),
    ("time", 0, 3, 14400, {"amount": "1440"}),
    ("power", 2, 0, 0x4001, {"watts": 16394}),
    ("clear", 2, 1, 0xFFFF, {"value": 65535}),
    ("rate", 2, 2, 7, {"value": 7}),
    ("tamper", 2, 5, 0, {"value": 0}),
    ("unbalance", 2, 6, 10, {"watts": 10}),
    ("factor", 2, 7, 8, {"value": 8}),
    ("flag", 2, 10, 0xFC01, {"value": 0xFC01, "index": 63, "flag": 0, "flag_value": 1}),
]
"""Names, classes, subclasses, fields, and what they say."""

MOST = f"{book.AMOUNTS[-1] // 10**5}.{book.AMOUNTS[-1] % 10**5:05}"
"""The largest currency amount, in main units."""


def decodings() -> Iterator[Json]:
    """Tokens and what they say."""
    for ea in (7, 11):
        p = params(ea)
        key, tid = book.decoder_key(p), book.minutes("2026-02-03T04:05", "14")
        for name, cls, sub, field, said in SAID:
            token = book.digits(cls, sub, book.stamped(9, tid, field), key)
            yield decoded(name, "decode", p, token, {"cls": cls, "sub": sub, "rnd": 9, "tid": tid, **said})
        for se, field, currency in [(0, 100, "0.001"), (8, 100, "-0.001"), (8, 0, "0"), (7, 0xFFFF, MOST)]:
            token = book.digits(0, 4, book.stamped(se, tid, field), key, b"\x01")
            said = {"cls": 0, "sub": 4, "tid": tid, "currency": currency}
            yield decoded(f"currency-{se}-{field}", "decode", p, token, said)
        yield from decoded_sections(p, key)


def decoded_sections(p: Json, key: str) -> Iterator[Json]:
    """Key-change sections, read one by one."""
    new = params(p["ea"], sgc="004097", ti="99", krn=9, kt=1)
    bits = book.decoder_key(new)
    tokens = book.key_change(key, new, ken=0xA5, ro=1, kct3=int(p["ea"] == 7))
    first = {"sub": 3, "kenho": 10, "krn": 9, "ro": 1, "kct3": int(p["ea"] == 7), "kt": 1, "nkho": bits[:8]}
    yield decoded("section-1", "decode", p, tokens[0], first)
    yield decoded("section-2", "decode", p, tokens[1], {"sub": 4, "kenlo": 5, "ti": 99, "nklo": bits[-8:]})
    if p["ea"] == 7:
        yield decoded("section-3", "decode", p, tokens[2], {"sub": 8, "sgc": 4097})
    else:
        yield decoded("section-3", "decode", p, tokens[2], {"sub": 8, "sgc12": 1, "nkmo2": bits[8:16]})
        yield decoded("section-4", "decode", p, tokens[3], {"sub": 9, "sgc12": 1, "nkmo1": bits[16:24]})


def refused_decodings() -> Iterator[Json]:
    """Digits that are no token, tokens for another key, and reserved ones."""
    for ea in (7, 11):
        p = params(ea)
        key, tid = book.decoder_key(p), book.minutes("2026-02-03T04:05", "14")
        good = book.digits(0, 0, book.stamped(5, tid, 1), key)
        typo = good[:-1] + str((int(good[-1]) + 1) % 10)
        yield decoded("typo", "refusals", p, typo, {"valid": False, "error": "CRCError"})
        yield decoded("other-key", "refusals", params(ea, ti="02"), good, {"valid": False, "error": "CRCError"})
        plain_check = book.digits(0, 4, book.stamped(0, tid, 100), key)
        yield decoded("currency-plain-crc", "refusals", p, plain_check, {"error": "CRCError"})
        for name, text in [
            ("short", good[1:]),
            ("long", f"0{good}"),
            ("letter", f"{good[:-1]}O"),
            ("empty", ""),
            ("full-width", f"{good[:-1]}５"),
            ("high", str(2**66)),
            ("highest", "9" * 20),
        ]:
            yield decoded(name, "refusals", p, text, refusal("TokenFormatError"))
        for cls, sub in [(0, 8), (0, 15), (2, 11), (2, 15), (3, 0)]:
            reserved = book.digits(cls, sub, book.stamped(5, tid, 1), key)
            yield decoded(f"reserved-{cls}-{sub}", "refusals", p, reserved, refusal("UnknownTokenError"))
        yield decoded("krn-0", "refusals", p, book.digits(2, 3, 0, key), refusal("UnknownTokenError"))
        yield decoded("ti-100", "refusals", p, book.digits(2, 4, 100 << 32, key), refusal("UnknownTokenError"))


WRONG_TESTS: list[tuple[str, Json]] = [
    ("mfr-100", {"mfr": 100}),
    ("control-37-bits", {"control": "1000000000"}),
    ("sub-3", {"sub": 3}),
]


def display_tokens() -> Iterator[Json]:
    """Class 1, read without a key."""
    cases = [(0, "FFFFFFFFF", 0, 2), (0, "000000001", 99, 2), (1, "FFFFFFF", 0, 4), (1, "0020000", 9999, 4)]
    cases += [(2, "FC0000000", 0, 2), (6, "0000001", 1234, 4), (11, "800000000", 12, 2)]
    for sub, control, mfr, width in cases:
        content = int(control, 16) << (8 if width == 2 else 16) | mfr
        token = book.digits(1, sub, content, None)
        said = {"cls": 1, "sub": sub, "control": control, "mfr": mfr}
        inputs: Json = {"kind": "token_decode", "token": token}
        yield vector(f"decode-test-{sub}-{control}-{mfr}", "decode", inputs, said)
        asked = {"kind": "class1", "control": control, "mfr": mfr, "digits": width, "sub": sub}
        yield vector(f"test-{sub}-{control}-{mfr}", "test-tokens", asked, {"token": token})
    for name, wrong in WRONG_TESTS:
        inputs = {"kind": "class1", "control": "000000001", "mfr": 0, "digits": 2, **wrong}
        yield vector(f"test-{name}", "refusals", inputs, refusal("StsInputError"))


ISSUED: list[tuple[str, Json]] = [
    ("credit", {"cls": 0, "sub": 0, "amount": "1"}),
    ("currency", {"cls": 0, "sub": 4, "currency": "1"}),
    ("clear", {"cls": 2, "sub": 1, "value": 0}),
    ("power", {"cls": 2, "sub": 0, "watts": 1000}),
]

CHANGED: list[tuple[str, Json, bool]] = [
    ("to", {"new_ken": 170}, True),
    ("from", {"ken": 170, "new_ken": 255}, False),
    ("from-to", {"ken": 1, "new_ken": 1}, True),
]


def point_of_sale() -> Iterator[Json]:
    """What may be issued around the end of a key."""
    last, first = {"issued": "2035-04-23T09:35"}, {"issued": "2035-04-23T09:36"}
    in_time, late = {"refused": False, "expired": False}, {**refusal("KeyExpiredError"), "expired": True}
    for ea in (7, 11):
        head = {"kind": "pos_ken", "ea": ea, "base": "14", "key_params": params(ea)}
        for name, token in ISSUED:
            asked = {**head, "ken": 170, "rnd": 5, **token}
            yield vector(f"pos-{name}-last-{ea}", "expiry", {**asked, **last}, in_time)
            yield vector(f"pos-{name}-first-{ea}", "expiry", {**asked, **first}, late)
            yield vector(f"pos-{name}-never-{ea}", "expiry", {**asked, **first, "ken": 255}, in_time)
        for name, kens, refused in CHANGED:
            asked = {**head, "issued": LATE, "new_key_params": params(ea, krn=2), **kens}
            yield vector(f"pos-change-{name}-{ea}", "expiry", asked, {"refused": refused})


NOT_ISSUED: list[tuple[str, Json, Json, str]] = [
    ("too-much", {}, {"amount": "1820162.5"}, "AmountError"),
    ("a-little-too-much", {}, {"amount": "1820162.40000001"}, "AmountError"),
    ("negative", {}, {"amount": "-0.1"}, "AmountError"),
    ("currency-too-much", {}, {"sub": 4, "currency": "1e40"}, "AmountError"),
    ("currency-too-little", {}, {"sub": 4, "currency": "-1e40"}, "AmountError"),
    ("power-too-much", {}, {"cls": 2, "watts": 18201625}, "AmountError"),
    ("rnd-16", {}, {"amount": "1", "rnd": 16}, "StsInputError"),
    ("tid-25-bits", {}, {"amount": "1", "tid": 1 << 24}, "StsInputError"),
    ("default-key", {"kt": 1}, {"amount": "1"}, "DDTKError"),
    ("default-key-currency", {"kt": 1}, {"sub": 4, "currency": "1"}, "DDTKError"),
    ("pan", {"pan": "600727000000000008"}, {"amount": "1"}, "CheckDigitError"),
    ("flag-512", {}, {"cls": 2, "sub": 10, "flag": 512, "flag_value": 1}, "StsInputError"),
    ("field-17-bits", {}, {"cls": 2, "sub": 1, "value": 65536}, "StsInputError"),
]
"""Names, what is special about the key, what is asked, and the error."""


def refused_tokens() -> Iterator[Json]:
    """What must not be issued: refused, never clipped."""
    for ea in (7, 11):
        asked = {"kind": "token", "ea": ea, "cls": 0, "sub": 0, "tid": 1, "rnd": 5}
        for name, key, more, error in NOT_ISSUED:
            inputs = {**asked, "key_params": params(ea, **key), **more}
            yield vector(f"token-{name}-{ea}", "refusals", inputs, refusal(error))
        yield stamped("most", "limits", params(ea), 0xFFFF, cls=0, sub=0, amount="1820162.4")


PANS = [
    (LONG, True),
    (f"{SHORT} ", False),
    (SHORT[:-1], False),
    ("", False),
    ("60072700000000000９", False),
    ("600727000000000008", False),
    ("600728000000000007", False),
    ("000001000000000090", False),
]


def identifiers() -> Iterator[Json]:
    """MeterPANs and DRNs with something wrong."""
    for pan, valid in PANS:
        yield vector(f"pan-{pan}", "numbers", {"kind": "pan_check", "pan": pan}, {"valid": valid})
    for drn in ["12345678904", "1234567890", "", "x2345678903", "0100000000009"]:
        yield vector(f"drn-{drn}", "numbers", {"kind": "pan_from_drn", "drn": drn}, {"refused": True})
    for units in (-1, 18_201_625, 10**30):
        yield vector(f"amount-{units}", "numbers", {"kind": "amount_field", "units": units}, refusal("AmountError"))


def moments() -> Iterator[Json]:
    """Moments outside a base date, and several tokens in one minute."""
    for issued, base in [("1992-12-31T23:59", "93"), ("2024-11-24T20:16", "93"), ("2034-12-31T23:59", "35")]:
        asked = {"kind": "tid", "issued": issued, "base": base}
        yield vector(f"tid-{issued}-{base}", "numbers", asked, refusal("TidError"))
    for issued, last, tid in [("2014-01-01T00:05", 5, 6), ("2014-01-01T00:00", 0, 2), ("2014-01-01T00:05", 3, 5)]:
        inputs: Json = {"kind": "tid", "issued": issued, "base": "14", "last": last}
        yield vector(f"tid-{issued}-after-{last}", "numbers", inputs, {"tid": tid})


def keys() -> Iterator[Json]:
    """Decoder keys of every type under each algorithm, and vending keys that make none."""
    for kt in (1, 2, 3):
        for p in (params(7, kt=kt), params(11, kt=kt, pan=LONG), params(7, kt=kt, dkga=2, vk=VK02)):
            name = f"dkga-{p['dkga']}-{kt}-{p['ea']}"
            yield vector(name, "keys", {"kind": "dkga", **p}, {"decoder_key": book.decoder_key(p)})
    wrong: list[tuple[str, Json]] = [("ditk", {"kt": 0}), ("even", {"vk": "aaababababababab"}), ("short", {"vk": "ab"})]
    for name, part in [*wrong, ("misty1", {"ea": 11})]:
        inputs = {"kind": "dkga", **params(7, dkga=2, vk=VK02), **part}
        yield vector(f"dkga-des-{name}", "keys", inputs, {"refused": True})


class Bench:
    """Tokens for one meter, made by the book."""

    def __init__(self, ea: int, **others: Any) -> None:  # noqa: ANN401 - JSON holds anything
        self.p = params(ea, **others)
        self.key = book.decoder_key(self.p)

    def stamped(self, cls: int, sub: int, tid: int, field: int) -> str:
        """A token with a TID."""
        return book.digits(cls, sub, book.stamped(5, tid, field), self.key)

    def credit(self, tid: int, units: int = 10, sub: int = 0) -> str:
        """Credit in least units of a service."""
        return self.stamped(0, sub, tid, book.amount_code(units))

    def currency(self, tid: int, amount: int) -> str:
        """Credit or debit in 10**-5 of a currency, for electricity."""
        sign_exponent, field = book.currency_code(amount)
        return book.digits(0, 4, book.stamped(sign_exponent, tid, field), self.key, b"\x01")

    def change(self, new: "Bench", ken: int = 255, ro: int = 0, kct3: int = 0) -> list[str]:
        """The set that changes this meter's key for that of ``new``."""
        return book.key_change(self.key, new.p, ken=ken, ro=ro, kct3=kct3)

    def vector(self, name: str, tokens: list[str], results: str, after: Json, **meter: Any) -> Json:  # noqa: ANN401 - as above
        """Tokens for this meter, the result of each in one line, and what it holds then."""
        asked = {"kind": "meter", "ea": self.p["ea"], "key_params": self.p, "meter": meter, "tokens": tokens}
        return vector(f"meter-{name}-{self.p['ea']}", "meter", asked, {"results": results.split(), **after})


def metered_credit() -> Iterator[Json]:
    """Credit in a meter: taken once, in any order, within its limit, in its registers."""
    for ea in (7, 11):
        m = Bench(ea)
        one, two = m.credit(100), m.credit(99, 16384)
        yield m.vector("once", [one, one, two, two], "Accept UsedError Accept UsedError", {"credit": {"0": 16394}})
        yield m.vector(
            "at-the-edge", [m.credit(4), m.credit(5), m.credit(6)], "OldError UsedError Accept", {}, tids=[5] * 50
        )
        yield m.vector("no-register", [m.credit(9, sub=1), m.credit(9)], "FunctionError Accept", {"credit": {"0": 10}})
        yield m.vector("time", [m.credit(9, 14400, sub=3)], "Accept", {"credit": {"3": 14400}}, subclasses=[3])
        money = [m.currency(9, 16383), m.currency(10, -16383), m.currency(11, -99999), m.currency(12, 10**9)]
        left = book.AMOUNTS[book.amount_code(10**9)] - 99994
        yield m.vector("money", money, "Accept Accept Accept Accept", {"credit": {"4": left}}, subclasses=[4])
        clear = m.stamped(2, 1, 11, 0)
        tokens = [m.credit(9, 60), m.credit(10, 41), clear, m.credit(10, 41)]
        yield m.vector("full", tokens, "Accept OverflowError Accept Accept", {"credit": {"0": 41}}, limit=100)


def metered_management() -> Iterator[Json]:
    """Management tokens, test tokens, reserved ones and what is no token."""
    for ea in (7, 11):
        m = Bench(ea)
        limits = [m.stamped(2, 0, 9, 0x4001), m.stamped(2, 6, 10, 99), m.stamped(2, 5, 11, 0)]
        yield m.vector("limits", limits, "Accept Accept Accept", {"mpl": 16394, "mppul": 99, "tamper": False})
        clear = [m.credit(9), m.stamped(2, 1, 10, 8), m.stamped(2, 1, 11, 0xFFFE), m.stamped(2, 1, 12, 0xFFFF)]
        yield m.vector("clear", clear, "Accept RangeError RangeError Accept", {"credit": {}})
        reserved = [m.stamped(0, 8, 9, 1), m.stamped(0, 15, 9, 1), m.stamped(2, 11, 9, 1), m.stamped(2, 15, 9, 1)]
        yield m.vector("reserved", reserved, "FunctionError " * 4, {"credit": {}})
        good = m.credit(9)
        wrong = [good[:-1], f"{good}0", f"{good[:-1]}O", str(2**66), "9" * 20, ""]
        yield m.vector("no-tokens", [*wrong, good], "FormatError " * 6 + "Accept", {"credit": {"0": 10}})
        crc = [Bench(ea, ti="02").credit(9), book.digits(0, 4, book.stamped(0, 9, 1), m.key)]
        yield m.vector("wrong-crc", crc, "CRCError CRCError", {"credit": {}}, subclasses=[0, 4])
        tests = [book.digits(1, 0, 1 << 8 | mfr, None) for mfr in (0, 12, 13)]
        yield m.vector("tests", tests, "Accept Accept MfrCodeError", {}, mfr=12)


def metered_keys() -> Iterator[Json]:
    """Key changes in a meter: in any order, only complete, only those permitted; and keys that expire."""
    for ea in (7, 11):
        old, new = Bench(ea), Bench(ea, sgc="987654", ti="42", krn=3)
        parts = old.change(new, ken=170, kct3=int(ea == 7))
        names = ["1stKCT", "2ndKCT", "3rdKCT", "4thKCT"][: len(parts) - 1]
        held = {"sgc": 987654, "ti": 42, "krn": 3, "ken": 170}
        yield old.vector("change", [*parts, new.credit(9)], " ".join([*names, "Accept Accept"]), held)
        twice = [parts[0], *parts, old.credit(9), new.credit(9)]
        yield old.vector("repeated", twice, " ".join(["1stKCT", *names, "Accept CRCError Accept"]), held)
        waiting = [*parts[:-1], old.credit(9), new.credit(10)]
        yield old.vector(
            "incomplete", waiting, " ".join([*names, "Accept CRCError"]), {"ti": 1, "krn": 1, "sgc": 201457}
        )
        later = Bench(ea, base="35")
        for ro, after in [(1, "Accept"), (0, "OldError")]:
            tokens = [*old.change(later, ro=ro), later.credit(9)]
            names = ["1stKCT", "2ndKCT", "3rdKCT", "4thKCT"][: len(tokens) - 2]
            yield old.vector(f"rollover-{ro}", tokens, " ".join([*names, "Accept", after]), {}, tids=[9_000_000] * 50)
        yield from metered_key_types(ea)
        late = [old.credit(86 << 16), old.stamped(2, 5, (86 << 16) + 1, 0), old.credit((86 << 16) - 1)]
        yield old.vector("expired", late, "KeyExpiredError KeyExpiredError Accept", {"credit": {"0": 10}}, ken=85)
        yield old.vector("expiry-off", late, "Accept Accept Accept", {"credit": {"0": 20}}, ken=85, use_ken=False)


def metered_key_types(ea: int) -> Iterator[Json]:
    """Every cell of Table 33 that vending keys reach, on a meter for magnetic cards and on one with a keypad."""
    permitted = {1: (1, 2, 3), 2: (1, 2), 3: (1, 3)}
    for old, tct in [(1, 1), (2, 1), (3, 1), (1, 2)]:
        for new in (1, 2, 3):
            current, wanted = Bench(ea, kt=old), Bench(ea, kt=new, krn=2)
            sections = current.change(wanted)
            allowed = new in permitted[old] and (new != 3 or tct == 1)
            names = ["1stKCT", "2ndKCT", "3rdKCT", "4thKCT"][: len(sections) - 1]
            results = " ".join([*names, "Accept" if allowed else "KeyTypeError"])
            after = {"kt": new, "krn": 2} if allowed else {"kt": old, "krn": 1}
            yield current.vector(f"kt-{old}-{new}-tct-{tct}", sections, results, after, tct=tct)
    stock = Bench(ea, kt=1)
    tokens = [stock.credit(9), stock.currency(9, 10), stock.stamped(2, 0, 9, 500)]
    yield stock.vector("stock", tokens, "DDTKError DDTKError Accept", {"credit": {}, "mpl": 500}, subclasses=[0, 4])


PARTS = (
    credits_of_time,
    credits_of_currency,
    management,
    key_changes,
    refused_key_changes,
    decodings,
    refused_decodings,
    display_tokens,
    point_of_sale,
    refused_tokens,
    identifiers,
    moments,
    keys,
    metered_credit,
    metered_management,
    metered_keys,
)


def vectors() -> list[Json]:
    """All of them."""
    return [vector for part in PARTS for vector in part()]


def text() -> str:
    """The file: a vector a line."""
    return "[\n" + ",\n".join(json.dumps(vector, ensure_ascii=True) for vector in vectors()) + "\n]\n"


if __name__ == "__main__":
    KEPT.write_text(text(), encoding="utf-8")
