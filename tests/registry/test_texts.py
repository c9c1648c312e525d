"""What may be in a name, and the form in which it is kept."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umbane.registry import RegistryInputError
from umbane.registry.texts import (
    account,
    clean,
    clean_or_none,
    code,
    email,
    language,
    phone,
    require_clean,
    utility_code,
)


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [
        ("Thandi Mokoena", "Thandi Mokoena"),
        ("  Thandi   Mokoena ", "Thandi Mokoena"),
        ("Thandi\u00a0Mokoena", "Thandi Mokoena"),
        ("Jose\u0301 Ångström", "José Ångström"),
        ("Efua's Cold Store", "Efua's Cold Store"),
        ("መሠረት ኃይሌ", "መሠረት ኃይሌ"),
        ("محمد علي", "محمد علي"),
        ("רבקה", "רבקה"),
        ("রহিম উদ্দিন", "রহিম উদ্দিন"),
        ("ක්‍රිෂ්ණ", "ක්‍රිෂ්ණ"),
        ("می‌خواهم", "می‌خواهم"),
        ("王小明", "王小明"),
        ("1st Avenue", "1st Avenue"),
        ("O’Brien & Sons (Pty) Ltd", "O’Brien & Sons (Pty) Ltd"),
    ],
)
def test_names_of_people(given_text: str, kept: str) -> None:
    """Names of every script are taken, in Unicode's form NFC and with single spaces."""
    assert clean("name", given_text) == kept


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "nothing is given"),
        ("   ", "nothing is given"),
        ("\u00a0", "nothing is given"),
        ("x" * 101, "101 characters"),
        ("Thandi\nMokoena", "line break"),
        ("Thandi\tMokoena", "line break or a tab"),
        ("Thandi\x00", "control"),
        ("Thandi\x7f", "control"),
        ("Thandi\u0085", "control"),
        ("Thandi\u2028Mokoena", "line break"),
        ("Thandi\u2029Mokoena", "line break"),
        ("evil\u202egnp.exe", "invisible"),
        ("a\u2066b\u2069", "invisible"),
        ("a\u200fb", "invisible"),
        ("pay\u200bpal", "invisible"),
        ("pay\u200dpal", "invisible"),
        ("pay\u200cpal", "invisible"),
        ("\u200dPaypal", "invisible"),
        ("\ufeffThandi", "invisible"),
        ("soft\u00adhyphen", "invisible"),
        ("\U000e0041tag", "invisible"),
        *((f"Thandi{it}", "invisible") for it in "\u034f\u115f\u1160\u17b4\u2800\u3164\uffa0"),
        ("\u3164", "invisible"),
        ("\ud800", "half a character"),
        ("\ue000", "without a meaning"),
        ("\U000fffff", "without a meaning"),
        ("\u0378", "without a meaning"),
        ("Z\u0325\u0325\u0325\u0325\u0325\u0325\u0325algo", "towers"),
        ("=1+1", "begins with ="),
        ("+27 82", "begins with +"),
        ("-2", "begins with -"),
        ("@SUM(A1)", "begins with @"),
        *((f"{it}SUM(A1)", f"begins with {it}") for it in "＝＋－＠"),
        ("  =cmd|' /C calc'!A0", "begins with ="),
    ],
)
def test_what_is_refused(text: str, problem: str) -> None:
    """What isn't for reading, or computes something in a spreadsheet, is no name; the error names the field."""
    with pytest.raises(RegistryInputError, match=problem) as error:
        clean("customer", text)
    assert error.value.field == "customer"


def test_a_name_is_not_shown_whole() -> None:
    """An error shows no control character of what it refuses, so that it can't play tricks itself."""
    with pytest.raises(RegistryInputError) as error:
        clean("customer", "evil\u202egnp.exe")
    assert "U+202E" in str(error.value)
    assert str(error.value).isprintable()


@given(st.text())
def test_clean_is_clean(text: str) -> None:
    """What was cleaned once stays as it is, is in form NFC, and has no space at either end."""
    try:
        kept = clean("name", text)
    except RegistryInputError:
        return
    assert clean("name", kept) == kept
    assert unicodedata.is_normalized("NFC", kept)
    assert kept == kept.strip()


@given(st.text())
def test_forms_of_one_name(text: str) -> None:
    """Two ways to write the same letters are kept as the same name, or refused both."""
    outcomes = set()
    for form in ("NFC", "NFD"):
        try:
            outcomes.add(clean("name", unicodedata.normalize(form, text), 10_000))
        except RegistryInputError:
            outcomes.add("refused")
    assert len(outcomes) == 1


def test_left_out() -> None:
    """What may be left out is None when nothing but spaces is given, and clean otherwise."""
    assert [clean_or_none("pole", it) for it in (None, "", "  ", " P  4 ")] == [None, None, None, "P 4"]


def test_required_form() -> None:
    """A value takes only texts that are in the form in which they are kept."""
    require_clean(("name", "Thandi"), ("pole", None))
    with pytest.raises(RegistryInputError, match="not in the form"):
        require_clean(("name", "Thandi "))


@pytest.mark.parametrize(
    ("text", "kept"),
    [("+27 82 123-4567", "+27821234567"), ("(082) 123.4567", "0821234567"), ("112233", "112233")],
)
def test_telephone_numbers(text: str, kept: str) -> None:
    """A telephone number is kept without what stands between its digits."""
    assert phone(text) == kept


@pytest.mark.parametrize(
    "text", ["", "12345", "+", "1" * 16, "call me", "082 ext 4", "٠٨٢١٢٣٤٥٦٧", "+27+82123456", "=1234567"]
)
def test_no_telephone_numbers(text: str) -> None:
    """What has too few or too many digits, or other characters, is no telephone number."""
    with pytest.raises(RegistryInputError, match="phone"):
        phone(text)


@pytest.mark.parametrize("text", ["a@b.c", "thandi.mokoena+x@mail.example.org"])
def test_mail(text: str) -> None:
    """Ordinary addresses for mail are taken."""
    assert email(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "thandi",
        "@b.c",
        "a@b",
        "a b@c.d",
        "a@b..c",
        "a@b.c\n",
        "ä@b.c",
        "a@b.c>",
        "x" * 65 + "@b.c",
        "a@" + "b." * 130 + "c",
    ],
)
def test_no_mail(text: str) -> None:
    """What can't be an address for mail is refused."""
    with pytest.raises(RegistryInputError, match="email"):
        email(text)


@pytest.mark.parametrize("text", ["V-001", "700/1234", "a.b_c", "7", "x" * 30])
def test_codes(text: str) -> None:
    """Codes and account numbers have up to 30 letters, digits and a few signs."""
    assert code("code", text) == account(text) == text


@pytest.mark.parametrize("text", ["", " V", "V 1", "-V", "V;1", "x" * 31, "Ü1", "V\n", "=1"])
def test_no_codes(text: str) -> None:
    """Anything else is neither a code nor an account number."""
    with pytest.raises(RegistryInputError):
        code("code", text)
    with pytest.raises(RegistryInputError):
        account(text)


@pytest.mark.parametrize("text", ["en", "zu", "fil", "pt-MZ"])
def test_languages(text: str) -> None:
    """Languages go by their codes."""
    assert language(text) == text


@pytest.mark.parametrize("text", ["", "EN", "english", "en_GB", "e", "pt-mz"])
def test_no_languages(text: str) -> None:
    """Anything else is no language."""
    with pytest.raises(RegistryInputError, match="language"):
        language(text)


@pytest.mark.parametrize("text", ["", "x", "1x", "-x", "Seaview", "sea view", "x" * 31, "sea/view"])
def test_no_code_of_a_utility(text: str) -> None:
    """A utility's code is fit for an address: small letters, digits and dashes, a letter first."""
    with pytest.raises(RegistryInputError, match="code"):
        utility_code(text)
