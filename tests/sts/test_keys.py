"""Vending keys, decoder keys, and how the second come from the first."""

import copy
import dataclasses
import pickle
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.project.tree import ROOT
from tests.sts.support import (
    HUGE,
    NOT_INTEGERS,
    algorithms,
    decoder_keys,
    drns,
    each,
    long_drns,
    pans,
    refused,
    short_drns,
    shows,
    tis,
    vending_keys,
)
from umbane.sts import (
    DKGA,
    DRN,
    EA,
    KEN,
    KRN,
    KT,
    SGC,
    TI,
    BaseDate,
    DecoderKey,
    KeyUseError,
    MeterPAN,
    VendingKey,
    derive,
)
from umbane.sts.hazmat.dkga import control_block, dkga04, dkga04_data, pan_block

DES_SECRET = bytes.fromhex("abababababababab")
KDF_SECRET = bytes.fromhex("abababababababab949494949494949401234567")
PAN = MeterPAN("600727000000000009")
LONG_PAN = MeterPAN("000001000000000082")

des_keys = vending_keys(DKGA.DES)
kdf_keys = vending_keys(DKGA.KDF_HMAC_SHA256)


def vending_key(secret: bytes, sgc: int, krn: int, base: str, kt: KT = KT.DUTK) -> VendingKey:
    """A vending key of the test plan; the length of its secret says of which algorithm."""
    dkga = DKGA.DES if len(secret) == 8 else DKGA.KDF_HMAC_SHA256
    return VendingKey(secret, dkga, SGC(sgc), KRN(krn), kt, BaseDate(base))


# ----------------------------------------------------------------------------------------------------------- published


@pytest.mark.parametrize(
    ("key", "pan", "ti", "ea", "expected"),
    [
        (vending_key(DES_SECRET, 123456, 1, "93"), PAN, 1, EA.STA, 0xE653341F9D5BF36F),
        (vending_key(DES_SECRET, 123456, 1, "93"), LONG_PAN, 1, EA.STA, 0xE94023262E9993C2),
        (vending_key(DES_SECRET, 123456, 1, "93"), PAN, 2, EA.STA, 0x060B8643C59A27F1),
        (vending_key(DES_SECRET, 123456, 2, "93"), PAN, 1, EA.STA, 0xF469DC6937C04441),
        (vending_key(KDF_SECRET, 123457, 1, "93"), PAN, 1, EA.STA, 0xAA4BAA8749C10D27),
        (vending_key(KDF_SECRET, 123457, 5, "35"), PAN, 1, EA.STA, 0xB08205E074AFC5D6),
        (vending_key(KDF_SECRET, 123457, 4, "14"), LONG_PAN, 1, EA.STA, 0x15869166A863D810),
        (vending_key(KDF_SECRET, 123456, 1, "93"), PAN, 1, EA.MISTY1, 0x28FEDCB88B215690E98EEAAB989E1C45),
        (vending_key(KDF_SECRET, 123457, 2, "93"), PAN, 1, EA.MISTY1, 0x9CA924E05D4D647026B55A4BBBA54BDF),
        (
            vending_key(DES_SECRET, 123456, 1, "93", KT.DDTK),
            MeterPAN("600727111111111153"),
            1,
            EA.STA,
            0xAE806AB615622E51,
        ),
    ],
)
def test_published_keys(key: VendingKey, pan: MeterPAN, ti: int, ea: EA, expected: int) -> None:
    """The vending keys of the test plan make the published decoder keys."""
    assert derive(key, pan, TI(ti), ea).value == expected


@pytest.mark.parametrize(
    ("iin", "drn", "kt", "block"),
    [
        ("600727", "12345678903", 2, 0x0072712345678903),
        ("123456", "12345678102", 1, 0x2345612345678102),
        ("3456", "1234567810234", 2, 0x4561234567810234),
        ("123456", "12345678102", 3, 0x2345600000000000),
    ],
)
def test_published_pan_blocks(iin: str, drn: str, kt: int, block: int) -> None:
    """The published PANBlocks are the last sixteen digits, with zeros for the meter where the key is common."""
    assert pan_block(iin, drn, kt) == block


def test_short_pan_block() -> None:
    """Where there are fewer than sixteen digits, zeros stand in front."""
    assert pan_block("12", "345", 2) == 0x12345


def test_published_control_block() -> None:
    """The published CONTROLBlock is type, group, tariff and revision in decimal digits, then ones."""
    assert control_block(1, "123456", "01", 1) == 0x1123456011FFFFFF


def test_data_of_the_kdf() -> None:
    """DKGA04 authenticates 49 bytes: each field behind its length, in the standard's order."""
    data = dkga04_data(base="14", ea=11, ti="01", sgc="123456", key_type=2, krn=1, pan="600727567283892161")
    assert len(data) == 49
    assert data == (
        b"\x04" + b"\x0204" + b"\x0214" + b"\x0211" + b"\x0201" + b"\x00"
        b"\x04" + b"\x06123456" + b"\x012" + b"\x011" + b"\x12600727567283892161" + b"\x00\x00\x00\x80"
    )


def test_length_is_in_the_data() -> None:
    """DKGA04 makes as many bits as its data says: 64 for EA07, 128 for EA11, and one isn't part of the other."""
    short, long = (
        dkga04_data(base="14", ea=ea, ti="01", sgc="123456", key_type=2, krn=1, pan="600727567283892161")
        for ea in (7, 11)
    )
    assert (short[-4:].hex(), long[-4:].hex()) == ("00000040", "00000080")
    assert dkga04(KDF_SECRET, short) < 1 << 64 <= dkga04(KDF_SECRET, long) < 1 << 128
    assert dkga04(KDF_SECRET, long) >> 64 != dkga04(KDF_SECRET, short)


# ---------------------------------------------------------------------------------------------------------- derivation


@given(des_keys | kdf_keys, pans, tis, algorithms)
def test_attributes_pass_on(key: VendingKey, pan: MeterPAN, ti: TI, ea: EA) -> None:
    """A decoder key has the type, revision, expiry, group and base date of the vending key it comes from."""
    ea = EA.STA if key.dkga is DKGA.DES else ea
    made = derive(key, pan, ti, ea)
    assert (made.ea, made.ti) == (ea, ti)
    assert (made.kt, made.krn, made.ken, made.sgc, made.base_date) == (key.kt, key.krn, key.ken, key.sgc, key.base_date)


@given(des_keys | kdf_keys, pans, tis)
def test_same_again(key: VendingKey, pan: MeterPAN, ti: TI) -> None:
    """The same group, meter and tariff have the same key for ever."""
    assert derive(key, pan, ti, EA.STA) == derive(copy.deepcopy(key), pan, ti, EA.STA)


changes = st.sampled_from(
    [
        lambda key: dataclasses.replace(key, sgc=SGC((key.sgc.value + 1) % 1_000_000)),
        lambda key: dataclasses.replace(key, krn=key.krn.following()),
        lambda key: dataclasses.replace(key, kt=KT.DDTK if key.kt is not KT.DDTK else KT.DUTK),
        lambda key: dataclasses.replace(key, secret=bytes(byte ^ 3 for byte in key.secret)),
    ]
)


@given(des_keys | kdf_keys, pans, tis, st.data())
def test_everything_counts(key: VendingKey, pan: MeterPAN, ti: TI, data: st.DataObject) -> None:
    """Another group, revision, type, secret or tariff makes another key."""
    other = data.draw(changes)(key)
    value = derive(key, pan, ti, EA.STA).value
    assert derive(other, pan, ti, EA.STA).value != value
    assert derive(key, pan, TI((ti.value + 1) % 100), EA.STA).value != value


@given(des_keys | kdf_keys, drns, drns, tis)
def test_each_meter_has_its_own(key: VendingKey, one: DRN, two: DRN, ti: TI) -> None:
    """Two meters have two keys, unless the key is one for the whole group."""
    keys = {derive(key, MeterPAN.from_drn(drn), ti, EA.STA).value for drn in (one, two)}
    if key.kt is not KT.DCTK:
        assert len(keys) == len({one, two})
    elif one.iin == two.iin:
        assert len(keys) == 1


@given(kdf_keys, pans, tis)
def test_base_date_counts_under_the_kdf(key: VendingKey, pan: MeterPAN, ti: TI) -> None:
    """Under DKGA04 another base date makes another key."""
    made = {derive(dataclasses.replace(key, base_date=base), pan, ti, EA.STA).value for base in BaseDate}
    assert len(made) == 3


@given(des_keys, pans, tis)
def test_base_date_is_an_attribute_under_des(key: VendingKey, pan: MeterPAN, ti: TI) -> None:
    """Under DKGA02 the base date is noted beside the key and doesn't change it."""
    made = [derive(dataclasses.replace(key, base_date=base), pan, ti, EA.STA) for base in BaseDate]
    assert len({key.value for key in made}) == 1
    assert {key.base_date for key in made} == set(BaseDate)


@given(des_keys | kdf_keys, pans, tis)
def test_expiry_is_an_attribute(key: VendingKey, pan: MeterPAN, ti: TI) -> None:
    """The expiry number is noted beside the key and doesn't change it."""
    made = {derive(dataclasses.replace(key, ken=KEN(ken)), pan, ti, EA.STA).value for ken in (0, 85, 255)}
    assert len(made) == 1


@given(vending_keys(DKGA.KDF_HMAC_SHA256, kt=st.just(KT.DCTK)), short_drns, long_drns, tis, algorithms)
def test_common_key_of_all_meters(key: VendingKey, short: DRN, long: DRN, ti: TI, ea: EA) -> None:
    """Under DKGA04 one common key serves meters with DRNs of either length."""
    one, two = (derive(key, MeterPAN.from_drn(drn), ti, ea) for drn in (short, long))
    assert one == two


@given(des_keys, pans, tis)
def test_des_makes_short_keys_only(key: VendingKey, pan: MeterPAN, ti: TI) -> None:
    """EA11 is refused under DKGA02, which makes keys of 64 bits."""
    assert refused(derive, key, pan, ti, EA.MISTY1).field == "EA"


@pytest.mark.parametrize("secret", [DES_SECRET, KDF_SECRET])
@pytest.mark.parametrize(
    ("place", "wrong", "field"),
    [
        (0, None, "VendingKey"),
        (0, DES_SECRET, "VendingKey"),
        (0, DecoderKey(5, EA.STA, KT.DUTK, KRN(1), TI(1)), "VendingKey"),
        (1, "600727000000000009", "MeterPAN"),
        (1, PAN.drn, "MeterPAN"),
        (1, None, "MeterPAN"),
        (2, 1, "TI"),
        (2, "01", "TI"),
        (2, KRN(1), "TI"),
        (3, 7, "EA"),
        (3, 11, "EA"),
        (3, "07", "EA"),
        (3, DKGA.DES, "EA"),
    ],
)
def test_wrong_arguments(secret: bytes, place: int, wrong: object, field: str) -> None:
    """Each argument is of its type: the digits of a meter or the number of an algorithm are refused."""
    arguments: list[object] = [vending_key(secret, 123456, 1, "14"), PAN, TI(1), EA.STA]
    arguments[place] = wrong
    assert refused(derive, *arguments).field == field


# -------------------------------------------------------------------------------------------------------- vending keys


GOOD = vending_key(KDF_SECRET, 123456, 1, "14")


@each(
    "secret", [b"", bytes(8), bytes(19), bytes(21), bytearray(20), memoryview(bytes(20)), "0" * 20, 0, None, [0] * 20]
)
def test_no_secret(secret: object) -> None:
    """The secret of DKGA04 is twenty bytes, not text and not what could be changed."""
    assert refused(dataclasses.replace, GOOD, secret=secret).field == "VendingKey"


@each("secret", [b"", bytes(7), bytes(9), bytes(20), b"\xab" * 7, "abababababababab", None])
def test_no_des_secret(secret: object) -> None:
    """The secret of DKGA02 is eight bytes."""
    assert refused(dataclasses.replace, vending_key(DES_SECRET, 1, 1, "93"), secret=secret).field == "VendingKey"


@given(st.integers(0, 7), st.integers(0, 7))
def test_odd_parity(place: int, bit: int) -> None:
    """A DES key with one bit turned has a byte of even parity, and is refused as mistyped."""
    secret = bytearray(DES_SECRET)
    secret[place] ^= 1 << bit
    error = refused(dataclasses.replace, vending_key(DES_SECRET, 1, 1, "93"), secret=bytes(secret))
    assert error.problem == "a byte of the DES key has even parity"


def test_parity_is_for_des_only() -> None:
    """A key of DKGA04 may have any bits."""
    assert dataclasses.replace(GOOD, secret=bytes(20)).secret == bytes(20)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        *(("dkga", wrong) for wrong in (None, 4, "04", EA.STA)),
        *(("sgc", wrong) for wrong in (None, 123456, "123456", TI(1))),
        *(("krn", wrong) for wrong in (None, 1, "1", True, KEN(1))),
        *(("kt", wrong) for wrong in (None, 2, "2", True, DKGA.DES)),
        *(("base_date", wrong) for wrong in (None, 14, "14", "2014")),
        *(("ken", wrong) for wrong in (None, 255, "255", KRN(1))),
    ],
)
def test_wrong_attributes(field: str, wrong: object) -> None:
    """Each attribute of a vending key is of its type: bare numbers and digits are refused by name."""
    names = {"base_date": "BaseDate"}
    assert refused(dataclasses.replace, GOOD, **{field: wrong}).field == names.get(field, field.upper())


def test_no_vending_key_makes_a_ditk() -> None:
    """Initialisation keys are the manufacturer's and come from no vending key."""
    assert refused(dataclasses.replace, GOOD, kt=KT.DITK).field == "KT"


@given(des_keys | kdf_keys)
def test_vending_keys_are_not_shown(key: VendingKey) -> None:
    """Neither form of a vending key's text shows its secret, but both show whose it is."""
    for text in (repr(key), str(key), f"{[key]}"):
        assert key.secret.hex() not in text.lower()
        assert not shows(text, int.from_bytes(key.secret, "big"), digits=10)
        assert repr(key.secret) not in text
        assert f"sgc={key.sgc!r}" in text


@given(st.binary(min_size=9, max_size=19) | st.binary(min_size=21, max_size=40))
def test_errors_do_not_show_the_vending_key(secret: bytes) -> None:
    """The error over a secret of the wrong length shows nothing of it."""
    error = refused(dataclasses.replace, GOOD, secret=secret)
    assert not shows(str(error), int.from_bytes(secret, "big"), digits=8)
    assert error.__context__ is None


# -------------------------------------------------------------------------------------------------------- decoder keys


KEY = DecoderKey(0x0ABC12DEF3456789, EA.STA, KT.DUTK, KRN(1), TI(1))


@each("value", [*NOT_INTEGERS, -1, 1 << 64, HUGE, -HUGE])
def test_no_value(value: object) -> None:
    """A key of EA07 is a number of 64 bits."""
    assert refused(dataclasses.replace, KEY, value=value).field == "DecoderKey"
    assert refused(KEY.with_value, value).field == "DecoderKey"


def test_length_by_algorithm() -> None:
    """A key of EA11 has 128 bits, and one that is longer than its algorithm's is refused."""
    long = DecoderKey((1 << 128) - 1, EA.MISTY1, KT.DUTK, KRN(1), TI(1))
    assert refused(dataclasses.replace, long, ea=EA.STA).remedy == "give an integer of 64 bits"
    assert refused(long.with_value, 1 << 128).remedy == "give an integer of 128 bits"


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        *(("ea", wrong) for wrong in (None, 7, 11, "07", DKGA.DES)),
        *(("kt", wrong) for wrong in (None, 1, "2", True)),
        *(("krn", wrong) for wrong in (None, 1, "1", KEN(1))),
        *(("ti", wrong) for wrong in (None, 1, "01", KRN(1))),
        *(("ken", wrong) for wrong in (None, 255, "255", TI(1))),
        *(("sgc", wrong) for wrong in (0, 123456, "123456", False)),
        *(("base_date", wrong) for wrong in (None, 14, "14")),
    ],
)
def test_wrong_decoder_key(field: str, wrong: object) -> None:
    """Each attribute of a decoder key is of its type: a bare 7 is not EA07, lest it be taken for EA11."""
    names = {"base_date": "BaseDate"}
    assert refused(dataclasses.replace, KEY, **{field: wrong}).field == names.get(field, field.upper())


@given(decoder_keys())
def test_decoder_keys_are_not_shown(key: DecoderKey) -> None:
    """Neither form of a decoder key's text shows its bits, but both show what it is for."""
    key = key.with_value(key.value | 1 << key.ea.key_bits - 1)
    for text in (repr(key), str(key), f"{[key]}"):
        assert not shows(text, key.value, digits=10)
        assert f"krn={key.krn!r}" in text


@given(st.integers(1 << 64, 1 << 128))
def test_errors_do_not_show_the_decoder_key(value: int) -> None:
    """The error over a key of the wrong length shows nothing of it."""
    error = refused(dataclasses.replace, KEY, value=value)
    assert not shows(str(error), value)
    assert error.__context__ is None


@given(decoder_keys(), st.integers(0, (1 << 64) - 1))
def test_other_value(key: DecoderKey, value: int) -> None:
    """A key with other bits keeps everything else."""
    assert dataclasses.replace(key.with_value(value), value=key.value) == key
    assert key.with_value(value).value == value


@pytest.mark.parametrize("kt", [KT.DITK, KT.DUTK, KT.DCTK])
def test_credit_allowed(kt: KT) -> None:
    """Keys of three types carry credit."""
    dataclasses.replace(KEY, kt=kt).require_credit()


def test_credit_refused() -> None:
    """A default key carries no credit."""
    with pytest.raises(KeyUseError, match="change the meter to a DUTK first"):
        dataclasses.replace(KEY, kt=KT.DDTK).require_credit()


# -------------------------------------------------------------------------------------------------------------- values


@given(des_keys | kdf_keys | decoder_keys())
def test_copies(key: VendingKey | DecoderKey) -> None:
    """A key that is copied, or sent to another process of its holder, is the same key."""
    for again in (copy.copy(key), copy.deepcopy(key), pickle.loads(pickle.dumps(key))):  # noqa: S301 - our own bytes
        assert again == key
        assert hash(again) == hash(key)


@given(des_keys | kdf_keys | decoder_keys())
def test_frozen(key: VendingKey | DecoderKey) -> None:
    """No attribute of a key can be changed or added, so what was checked stays true."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        key.krn = KRN(1)  # type: ignore[misc]  # that it is refused is what is tested
    with pytest.raises((AttributeError, TypeError)):
        key.note = "mine"  # type: ignore[union-attr]  # the same


def test_weight() -> None:
    """Making a key by DKGA04 and a token with it loads neither NumPy nor a library of ciphers."""
    script = (
        "import sys; from umbane.sts import *;"
        "vending = VendingKey(bytes(20), DKGA.KDF_HMAC_SHA256, SGC(1), KRN(1), KT.DUTK, BaseDate.Y2014);"
        "key = derive(vending, MeterPAN.parse('12345678903'), TI(1), EA.STA);"
        "encode(Credit(Service.WATER, 5, tid=TID(7), rnd=3), key);"
        "print(*{name.split('.')[0] for name in sys.modules} & {'numpy', 'cryptography'})"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT / "src", capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
