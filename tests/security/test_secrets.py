"""What must never be seen: the bits of keys, and the digits of tokens outside of the answers."""

import copy
import pickle
import traceback
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.security.support import (
    KEYS,
    UNKNOWN,
    changes_of_each,
    decoder_key,
    expected,
    one_of_each,
    request,
    requests,
)
from umbane.security import (
    Issued,
    JournalError,
    Realm,
    RealmError,
    RealmKey,
    SecurityModule,
    Vault,
    open_software_module,
)
from umbane.security.software import SoftwareModule

TOKENS, CHANGES = one_of_each() + requests(40), changes_of_each()
MADE = [token for asked in [*map(expected, TOKENS), *map(expected, CHANGES)] for token in asked]


def spellings(number: int, bits: int) -> set[bytes]:
    """The ways to write a number of so many bits down."""
    size = -(-bits // 8)
    binary = number.to_bytes(size, "big")
    texts = {f"{number}", f"{number:x}", f"{number:X}", f"{number:0{size * 2}x}", binary.hex(" "), repr(binary)[2:-1]}
    return {text.encode() for text in texts} | {binary, binary[::-1]}


def key_spellings() -> set[bytes]:
    """Every vending key and every decoder key, and the halves and words that a key change carries."""
    found: set[bytes] = set()
    for held in KEYS.values():
        secret = held.key.secret
        found |= spellings(int.from_bytes(secret, "big"), 8 * len(secret))
    names = {(asked.key, asked.pan, asked.ea) for asked in TOKENS}
    names |= {(name, asked.pan, asked.ea) for asked in CHANGES for name in (asked.key, asked.new)}
    for name, pan, ea in names:
        value = decoder_key(name, pan, ea).value
        found |= spellings(value, ea.key_bits)
        for shift in range(0, ea.key_bits, 32):
            found |= {f"{value >> shift & 0xFFFFFFFF:08x}".encode(), (value >> shift & 0xFFFFFFFF).to_bytes(4, "big")}
    return found


def token_spellings() -> set[bytes]:
    """Every token that is made."""
    printed = {text.encode() for token in MADE for text in (token.digits, token.grouped)}
    return printed.union(*(spellings(token.bits, 66) for token in MADE))


def found_in(content: bytes, secrets: set[bytes]) -> list[bytes]:
    """The secrets that some bytes hold, whatever the case of their letters."""
    return [secret for secret in secrets if secret in content or secret.lower() in content.lower()]


async def worked(module: SecurityModule) -> list[object]:
    """Let a module do everything; what it said."""
    issued, changed = await module.issue(TOKENS), await module.change_keys(CHANGES)
    refused = await module.issue([request(key=UNKNOWN), TOKENS[0]._replace(id=TOKENS[1].id)])
    fetched = await module.fetch([one.id for one in TOKENS])
    records = [record async for record in module.since(0)]
    return [issued, changed, refused, fetched, records, await module.status(), module]


def everything_in(folder: Path) -> bytes:
    """All files of a folder, one behind the other."""
    return b"\n".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_on_the_disk(tmp_path: Path) -> None:
    """No file of a module holds the bits of a key, however written, nor a token that it made."""
    async with open_software_module("tested", tmp_path, Vault(Realm.TEST, KEYS.values())) as module:
        await worked(module)
        content = everything_in(tmp_path)
    assert b"key-change" in content
    assert found_in(content, key_spellings()) == []
    assert found_in(content, token_spellings()) == []


async def test_in_words(tmp_path: Path) -> None:
    """Nothing that a module gives, nor the module itself, shows a key or a whole token when it is printed."""
    async with open_software_module("tested", tmp_path, Vault(Realm.TEST, KEYS.values())) as module:
        said = await worked(module)
        shown = "\n".join(f"{one!r} {one!s}" for one in said).encode()
    assert found_in(shown, key_spellings()) == []
    assert found_in(shown, {text.encode() for token in MADE for text in (token.digits, token.grouped)}) == []


async def test_in_errors(tmp_path: Path) -> None:
    """The errors of a module, with all that is known of where they came from, show no key and no token."""
    vault = Vault(Realm.TEST, KEYS.values())
    errors: list[Exception] = []
    async with open_software_module("tested", tmp_path, vault) as module:
        answers = await module.issue(TOKENS)
        (tmp_path / "tested.journal").write_bytes(b"gone")
        try:
            await module.fetch([TOKENS[-1].id])
        except JournalError as error:
            errors.append(error)
    for act in (
        lambda: SoftwareModule("tested", tmp_path, vault),
        lambda: vault.add(RealmKey(Realm.PRODUCTION, next(iter(KEYS.values())).key)),
    ):
        try:
            act()
        except (JournalError, RealmError) as error:
            errors.append(error)
    assert len(errors) == 3
    shown = "\n".join(line for error in errors for line in traceback.format_exception(error)).encode()
    assert found_in(shown, key_spellings() | token_spellings()) == []
    assert all(isinstance(answer, Issued) for answer in answers)


@pytest.mark.parametrize("way", [pickle.dumps, copy.deepcopy], ids=["pickle", "deepcopy"])
def test_not_copied(tmp_path: Path, way: Callable[[object], object]) -> None:
    """No part of a module that has keys can be pickled or copied."""
    with closing(SoftwareModule("tested", tmp_path, Vault(Realm.TEST, KEYS.values()))) as module:
        for part in (module, module.core, module.core.maker, module.core.keyring, module.vault):
            with pytest.raises(TypeError):
                way(part)


def test_the_search_finds() -> None:
    """The search of these tests sees a key and a token wherever they stand, written in any of the usual ways."""
    secret = next(iter(KEYS.values())).key.secret
    for content in (b"xx" + secret, secret.hex().encode(), secret.hex().upper().encode(), repr({"k": secret}).encode()):
        assert found_in(content, key_spellings()), content
    token = expected(TOKENS[0])[0]
    for text in (token.digits, token.grouped, f"{token.bits:x}", f"{token.bits}"):
        assert found_in(f"token={text};".encode(), token_spellings()), text
