"""What holds for every security module, whatever it is made of: tests that any implementation is run against.

An implementation has a class ``Test...(ModuleContract)`` with a fixture ``kind``, which makes modules under test: each
new, with the vending keys of ``support.KEYS``, and able to be opened again and again with all that it knows.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import fields, replace
from typing import Protocol
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.security.support import (
    COMMON,
    DEFAULT,
    DES_KEY,
    EXPIRED_KEY,
    KEY,
    KEYS,
    METERS,
    MOMENT,
    NEXT,
    UNKNOWN,
    change,
    changes_of_each,
    credit,
    decoder_key,
    expected,
    new_id,
    one_of_each,
    reasons,
    request,
    requests,
    tokens_of,
)
from umbane.security import (
    DocumentError,
    Issued,
    JournalError,
    KeyChangeRequest,
    KeyCount,
    Realm,
    Record,
    Refused,
    RequestReusedError,
    SecurityModule,
    TokenRequest,
    UnknownKeyError,
    UnsupportedError,
    VendingKeyName,
    VerifyRequest,
)
from umbane.sts import (
    EA,
    TI,
    TID,
    CrcError,
    Credit,
    EncodedToken,
    InitiateTest,
    KeyChangeError,
    KeyChangeSection,
    KeyExpiredError,
    KeyUseError,
    StsInputError,
    Token,
    key_change_set,
)

SECTION = key_change_set(decoder_key(KEY, METERS[0], EA.STA), decoder_key(NEXT, METERS[0], EA.STA), at=MOMENT)[0]

BAD_REQUESTS = {
    "no such key": (request(key=UNKNOWN), UnknownKeyError),
    "no such key for this type": (request(key=NEXT._replace(kt=DEFAULT.kt)), UnknownKeyError),
    "expired": (request(key=EXPIRED_KEY), KeyExpiredError),
    "credit under a default key": (request(key=DEFAULT), KeyUseError),
    "a section of a key change": (request(token=SECTION), StsInputError),
    "EA11 under a DES key": (request(key=DES_KEY, ea=EA.MISTY1), StsInputError),
}
BAD_CHANGES = {
    "from no such key": (change(key=UNKNOWN), UnknownKeyError),
    "to no such key": (change(new=UNKNOWN), UnknownKeyError),
    "not in Table 33": (change(new=COMMON), KeyChangeError),
    "to an expired key": (change(new=EXPIRED_KEY), KeyExpiredError),
    "EA11 under a DES key": (change(key=DES_KEY, ea=EA.MISTY1), StsInputError),
}
OTHERS = {
    "another minute": lambda asked: asked._replace(token=replace(asked.token, tid=TID(MOMENT.minutes + 1))),
    "another RND": lambda asked: asked._replace(token=replace(asked.token, rnd=6)),
    "another amount": lambda asked: asked._replace(token=credit(101)),
    "another meter": lambda asked: asked._replace(pan=METERS[1]),
    "another algorithm": lambda asked: asked._replace(ea=EA.MISTY1),
    "another key": lambda asked: asked._replace(key=NEXT),
    "another tariff index": lambda asked: asked._replace(key=KEY._replace(ti=TI(2))),
}
OTHER_CHANGES = {
    "another minute": lambda asked: asked._replace(at=TID(MOMENT.minutes + 1)),
    "with its SGC": lambda asked: asked._replace(with_sgc=True),
    "another new key": lambda asked: asked._replace(new=KEY._replace(ti=TI(2))),
    "another meter": lambda asked: asked._replace(pan=METERS[1]),
}


class Subject(Protocol):
    """A module under test, which can be opened again and again."""

    def open(self) -> AbstractAsyncContextManager[SecurityModule]:
        """Open it, with all that it knows."""


class ModuleContract:
    """The tests."""

    @pytest.fixture
    def subject(self, kind: Callable[[], Subject]) -> Subject:
        """A module that never made a token."""
        return kind()

    @staticmethod
    def told(token: Token) -> Token:
        """A token as the module tells of it when it reads its digits."""
        return token

    # ---------------------------------------------------------------------------------------------------- the tokens

    @pytest.mark.parametrize("times", [1, 20], ids=["few", "many"])
    async def test_digits(self, subject: Subject, times: int) -> None:
        """Tokens of every class, under every algorithm, are those that the standard's own functions make."""
        asked = [one for _ in range(times) for one in one_of_each()]
        async with subject.open() as module:
            assert tokens_of(await module.issue(asked)) == [expected(one) for one in asked]

    @pytest.mark.parametrize("times", [1, 20], ids=["few", "many"])
    async def test_key_changes(self, subject: Subject, times: int) -> None:
        """Key changes of two, three and four tokens are those that the standard's own functions make."""
        asked = [one for _ in range(times) for one in changes_of_each()]
        async with subject.open() as module:
            assert tokens_of(await module.change_keys(asked)) == [expected(one) for one in asked]

    async def test_nothing_asked(self, subject: Subject) -> None:
        """Empty lists have empty answers, and leave no trace."""
        async with subject.open() as module:
            before = await module.status()
            assert await module.issue([]) == []
            assert await module.change_keys([]) == []
            assert await module.verify([]) == []
            assert await module.fetch([]) == {}
            assert await module.status() == before

    # --------------------------------------------------------------------------------------------------- the counting

    async def test_count(self, subject: Subject) -> None:
        """Tokens are numbered from 0 without a gap, in the order they were asked for, over every kind of call."""
        async with subject.open() as module:
            answers = await module.issue(requests(3))
            answers += await module.change_keys([change(), change(ea=EA.MISTY1), change(with_sgc=True)])
            answers += await module.issue(requests(40))
            issued = [answer for answer in answers if isinstance(answer, Issued)]
            assert [answer.first for answer in issued] == [0, 1, 2, 3, 5, 9, *range(12, 52)]
            assert (await module.status()).count == 52

    async def test_status(self, subject: Subject) -> None:
        """A module says its realm and its keys, and its seal changes with every batch and with nothing else."""
        async with subject.open() as module:
            start = await module.status()
            assert (start.realm, start.count, start.keys) == (Realm.TEST, 0, len(KEYS))
            asked = requests(2)
            await module.issue(asked)
            after = await module.status()
            await module.issue(asked)
            await module.verify([VerifyRequest(METERS[0], EA.STA, KEY, expected(asked[0])[0])])
            await module.fetch([asked[0].id])
            assert await module.status() == after
            assert after.head != start.head
        async with subject.open() as module:
            assert await module.status() == after

    async def test_counters(self, subject: Subject) -> None:
        """Each vending key has its own count of tokens and of credit, which nothing but new tokens changes."""
        asked, changes = one_of_each() + requests(40), changes_of_each()
        wanted = counted([*asked, *changes])
        async with subject.open() as module:
            assert await module.counters() == {}
            await module.issue(asked)
            await module.change_keys(changes)
            await module.issue([bad for bad, _ in BAD_REQUESTS.values()])
            await module.issue(asked[::-1])
            assert await module.counters() == wanted
        async with subject.open() as module:
            assert await module.counters() == wanted
            assert sum(count.tokens for count in wanted.values()) == (await module.status()).count

    async def test_top_up_by_nobody(self, subject: Subject) -> None:
        """What isn't an order raises no quota, and leaves no trace."""
        async with subject.open() as module:
            before = await module.status(), await module.quotas()
            for order in (b"", b"{}", b"\x00" * 1000, b'{"document": "umbane top-up order"}'):
                with pytest.raises((DocumentError, UnsupportedError)):
                    await module.top_up(order)
            assert (await module.status(), await module.quotas()) == before

    # -------------------------------------------------------------------------------------------------- the refusals

    @pytest.mark.parametrize("number", [0, 3, 40], ids=["alone", "among few", "among many"])
    @pytest.mark.parametrize("name", BAD_REQUESTS)
    async def test_refused_alone(self, subject: Subject, name: str, number: int) -> None:
        """A request that is refused stands alone: all others of its batch have their tokens, and it leaves no trace."""
        bad, error = BAD_REQUESTS[name]
        good = requests(number)
        place = number // 2
        async with subject.open() as module:
            answers = await module.issue([*good[:place], bad, *good[place:]])
            assert reasons(answers) == {place: error}
            assert tokens_of([*answers[:place], *answers[place + 1 :]]) == [expected(one) for one in good]
            assert (await module.status()).count == number
            assert bad.id not in await module.fetch([bad.id])
            assert bad.id not in [record.request.id async for record in module.since(0)]

    @pytest.mark.parametrize("number", [0, 3, 40], ids=["alone", "among few", "among many"])
    @pytest.mark.parametrize("name", BAD_CHANGES)
    async def test_change_refused_alone(self, subject: Subject, name: str, number: int) -> None:
        """A key change that is refused stands alone, too."""
        bad, error = BAD_CHANGES[name]
        good = [change(pan=pan) for pan in METERS[:number]]
        async with subject.open() as module:
            answers = await module.change_keys([bad, *good])
            assert reasons(answers) == {0: error}
            assert tokens_of(answers[1:]) == [expected(one) for one in good]
            assert (await module.status()).count == 2 * number

    async def test_all_refused(self, subject: Subject) -> None:
        """A batch of refusals is answered with as many reasons, and nothing is counted."""
        asked = [bad._replace(id=new_id()) for bad, _ in BAD_REQUESTS.values() for _ in range(9)]
        async with subject.open() as module:
            answers = await module.issue(asked)
            assert list(reasons(answers).values()) == [error for _, error in BAD_REQUESTS.values() for _ in range(9)]
            assert (await module.status()).count == 0

    async def test_refused_id(self, subject: Subject) -> None:
        """The id of a request that was refused may be used again."""
        bad = request(key=UNKNOWN)
        async with subject.open() as module:
            assert reasons(await module.issue([bad])) == {0: UnknownKeyError}
            good = bad._replace(key=KEY)
            assert tokens_of(await module.issue([good])) == [expected(good)]

    async def test_reasons_lead_nowhere(self, subject: Subject) -> None:
        """The reason of a refusal leads to no place in the program where keys were at hand, and its words hold none."""
        bits = [f"{held.key.secret.hex()}" for held in KEYS.values()]
        async with subject.open() as module:
            answers = await module.issue([bad for bad, _ in BAD_REQUESTS.values()])
            answers += await module.change_keys([bad for bad, _ in BAD_CHANGES.values()])
            for answer in answers:
                assert isinstance(answer, Refused)
                reason = answer.reason
                assert (reason.__traceback__, reason.__cause__, reason.__context__) == (None, None, None)
                assert not any(secret in repr(reason) + str(reason) for secret in bits)

    # ------------------------------------------------------------------------------------------------- the same again

    async def test_again(self, subject: Subject) -> None:
        """The same request gets the same answer, however often, after every opening, and nothing is counted."""
        tokens, changes = one_of_each() + requests(40), changes_of_each()
        async with subject.open() as module:
            issued, changed = await module.issue(tokens), await module.change_keys(changes)
            status = await module.status()
            assert await module.issue(tokens) == issued
        for _ in range(2):
            async with subject.open() as module:
                assert await module.change_keys(changes) == changed
                assert await module.issue(tokens[::-1]) == issued[::-1]
                assert await module.status() == status

    async def test_twice_in_one_list(self, subject: Subject) -> None:
        """A request that is in a list twice is made once."""
        first, second = requests(2)
        async with subject.open() as module:
            answers = await module.issue([first, second, first])
            assert answers[0] == answers[2]
            assert (await module.status()).count == 2

    async def test_old_and_new_in_one_list(self, subject: Subject) -> None:
        """Old and new requests may come in one list; only the new ones are counted, in their order."""
        asked = requests(60)
        async with subject.open() as module:
            old = await module.issue(asked[::2])
            answers = await module.issue(asked)
            assert answers[::2] == old
            assert [answer.first for answer in answers[1::2] if isinstance(answer, Issued)] == list(range(30, 60))
            assert tokens_of(answers) == [expected(one) for one in asked]

    @pytest.mark.parametrize("opened", [False, True], ids=["at once", "opened again"])
    @pytest.mark.parametrize("name", OTHERS)
    async def test_reused(self, subject: Subject, name: str, opened: bool) -> None:  # noqa: FBT001 - a parameter
        """An id that was used for a request is refused to any other, and the first one keeps its answer."""
        asked = request()
        other = OTHERS[name](asked)
        async with subject.open() as module:
            answer = await module.issue([asked])
            if not opened:
                assert reasons(await module.issue([other])) == {0: RequestReusedError}
        async with subject.open() as module:
            assert reasons(await module.issue([other, *requests(3)])) == {0: RequestReusedError}
            assert await module.issue([asked]) == answer
            assert (await module.status()).count == 4

    @pytest.mark.parametrize("name", OTHER_CHANGES)
    async def test_change_reused(self, subject: Subject, name: str) -> None:
        """The same holds for key changes."""
        asked = change()
        async with subject.open() as module:
            answer = await module.change_keys([asked])
            assert reasons(await module.change_keys([OTHER_CHANGES[name](asked)])) == {0: RequestReusedError}
            assert await module.change_keys([asked]) == answer

    async def test_reused_in_one_list(self, subject: Subject) -> None:
        """Of two requests with one id in a list, the earlier one is made, and the later one is refused by its id."""
        asked = request()
        async with subject.open() as module:
            answers = await module.issue([asked, OTHERS["another amount"](asked), asked])
            assert reasons(answers) == {1: RequestReusedError}
            assert answers[0] == answers[2]
            assert isinstance(answers[1], Refused)
            assert str(asked.id) in str(answers[1].reason)

    async def test_tokens_and_changes_share_ids(self, subject: Subject) -> None:
        """An id of a token is refused to a key change, and the other way round."""
        token, changed = request(), change()
        async with subject.open() as module:
            await module.issue([token])
            await module.change_keys([changed])
            assert reasons(await module.change_keys([change(id_=token.id)])) == {0: RequestReusedError}
            assert reasons(await module.issue([request(id_=changed.id)])) == {0: RequestReusedError}

    async def test_what_a_token_says(self, subject: Subject) -> None:
        """Two amounts that a token can't tell apart are one request."""
        asked = request(token=credit(20_001))
        async with subject.open() as module:
            answer = await module.issue([asked])
            assert await module.issue([asked._replace(token=credit(credit(20_001).carried))]) == answer

    # ------------------------------------------------------------------------------------------- what became of a call

    async def test_fetch(self, subject: Subject) -> None:
        """By their ids alone, answers are found again, also after an opening; unknown ids are left out."""
        tokens, changes = one_of_each() + requests(30), changes_of_each()
        ids = [one.id for one in tokens] + [one.id for one in changes]
        async with subject.open() as module:
            answers = await module.issue(tokens) + await module.change_keys(changes)
            status = await module.status()
            assert await module.fetch([*ids, new_id(), ids[0]]) == dict(zip(ids, answers, strict=True))
        async with subject.open() as module:
            assert await module.fetch([new_id(), *ids]) == dict(zip(ids, answers, strict=True))
            assert await module.fetch([ids[5]]) == {ids[5]: answers[5]}
            assert await module.fetch([new_id()]) == {}
            assert await module.status() == status

    async def test_since(self, subject: Subject) -> None:
        """From any number on, the module tells every request behind its tokens, in order, as it was asked."""
        asked: list[TokenRequest | KeyChangeRequest] = []
        async with subject.open() as module:
            for tokens, changes in ((requests(2), [change()]), (one_of_each(), changes_of_each()), (requests(5), [])):
                await module.issue(tokens)
                await module.change_keys(changes)
                asked += [*tokens, *changes]
        records: list[Record] = []
        for one in asked:
            first = records[-1].first + records[-1].made if records else 0
            records.append(Record(first, len(expected(one)), one))
        async with subject.open() as module:
            total = (await module.status()).count
            for number in range(total + 1):
                wanted = [record for record in records if record.first + record.made > number]
                assert [record async for record in module.since(number)] == wanted

    async def test_many_since(self, subject: Subject) -> None:
        """Thousands of records come as they were made, each once."""
        asked = [one for number in range(4) for one in requests(600, units=number)]
        async with subject.open() as module:
            for start in range(0, len(asked), 600):
                await module.issue(asked[start : start + 600])
            assert [record.request.id async for record in module.since(7)] == [one.id for one in asked[7:]]

    async def test_older_than_the_books(self, subject: Subject) -> None:
        """A module that is asked for tokens beyond its count says that its journal is an older one."""
        async with subject.open() as module:
            await module.issue(requests(3))
            with pytest.raises(JournalError, match="older"):
                assert [record async for record in module.since(4)] == []

    async def test_alerts(self, subject: Subject) -> None:
        """What a module warns of is told in words; of keys that have their time it warns nobody."""
        async with subject.open() as module:
            alerts = await module.alerts()
            assert all(f"KRN {EXPIRED_KEY.krn}" in alert.words for alert in alerts)

    # -------------------------------------------------------------------------------------------------- reading tokens

    async def test_verify(self, subject: Subject) -> None:
        """What a token says is read with the key of its meter."""
        asked = one_of_each()
        async with subject.open() as module:
            digits = [token for (token,) in tokens_of(await module.issue(asked))]
            typed = [VerifyRequest(one.pan, one.ea, one.key, token) for one, token in zip(asked, digits, strict=True)]
            assert await module.verify(typed) == [self.told(one.token) for one in asked]

    async def test_verify_what_nobody_issued(self, subject: Subject) -> None:
        """Wrong digits, and digits for another meter, say nothing; an unknown key is named; the others are read."""
        good = expected(request())[0]
        wrong = EncodedToken(good.bits ^ 1 << 40)
        asked = [
            VerifyRequest(METERS[0], EA.STA, KEY, wrong),
            VerifyRequest(METERS[1], EA.STA, KEY, good),
            VerifyRequest(METERS[0], EA.STA, UNKNOWN, good),
            VerifyRequest(METERS[0], EA.STA, KEY, good),
        ]
        async with subject.open() as module:
            *refusals, token = await module.verify(asked)
            assert [type(one.reason) for one in refusals if isinstance(one, Refused)] == [
                CrcError,
                CrcError,
                UnknownKeyError,
            ]
            assert token == self.told(credit())
            assert (await module.status()).count == 0

    async def test_verify_class_1(self, subject: Subject) -> None:
        """A token that every meter takes is read under any key."""
        digits = expected(request(token=InitiateTest.everything()))[0]
        async with subject.open() as module:
            assert await module.verify([VerifyRequest(METERS[5], EA.STA, KEY, digits)]) == [InitiateTest.everything()]

    async def test_verify_key_change(self, subject: Subject) -> None:
        """The tokens of a key change, read back, show no bit of the key: whoever has those needs no module any more."""
        asked = changes_of_each()
        async with subject.open() as module:
            sets = tokens_of(await module.change_keys(asked))
            for one, digits in zip(asked, sets, strict=True):
                said = await module.verify([VerifyRequest(one.pan, one.ea, one.key, token) for token in digits])
                sections = [section for section in said if isinstance(section, KeyChangeSection)]
                hidden = [(section, it.name) for section in sections for it in fields(section) if not it.repr]
                assert {getattr(section, name) for section, name in hidden} <= {0}

    # ----------------------------------------------------------------------------------------------- many at one time

    async def test_many_callers(self, subject: Subject) -> None:
        """Callers at one time get tokens with numbers of their own, and those who ask for the same get the same."""
        common = requests(5)
        batches = [requests(number, units=10 * number) for number in range(1, 16)]
        async with subject.open() as module:
            answers = await asyncio.gather(*(module.issue([*batch, *common]) for batch in batches))
            assert all(answer[-5:] == answers[0][-5:] for answer in answers)
            issued = {answer for answers_of_one in answers for answer in answers_of_one if isinstance(answer, Issued)}
            total = sum(map(len, batches)) + len(common)
            assert sorted(answer.first for answer in issued) == list(range(total))
            assert (await module.status()).count == total

    @pytest.mark.parametrize("turns", [0, 1, 2, 5, 50])
    async def test_cancelled(self, subject: Subject, turns: int) -> None:
        """Callers that are cancelled, whenever it is, leave a count that fits what can be fetched."""
        batches = [requests(40, units=number) for number in range(8)]
        async with subject.open() as module:
            calls = [asyncio.create_task(module.issue(batch)) for batch in batches]
            for _ in range(turns):
                await asyncio.sleep(0)
            for call in calls[::2]:
                call.cancel()
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
            await self.consistent(module, batches)
            for batch, outcome in zip(batches, outcomes, strict=True):
                if not isinstance(outcome, BaseException):
                    assert await module.issue(batch) == outcome
        async with subject.open() as module:
            await self.consistent(module, batches)
            for batch in batches:
                assert tokens_of(await module.issue(batch)) == [expected(one) for one in batch]
            assert (await module.status()).count == 320

    @staticmethod
    async def consistent(module: SecurityModule, batches: list[list[TokenRequest]]) -> None:
        """Whether count, records and answers fit each other, and no batch is there in part."""
        records = [record async for record in module.since(0)]
        known = await module.fetch([one.id for batch in batches for one in batch])
        assert [record.first for record in records] == list(range((await module.status()).count))
        assert {record.request.id for record in records} == set(known)
        assert all(len({one.id for one in batch} & set(known)) in {0, len(batch)} for batch in batches)

    # --------------------------------------------------------------------------------------------------- any history

    @settings(
        max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors]
    )
    @given(data=st.data())
    async def test_any_history(self, kind: Callable[[], Subject], data: st.DataObject) -> None:
        """Whatever is asked, repeated, mixed up and opened again: the module does as a dictionary would."""
        subject, model = kind(), Model()
        for _ in range(data.draw(st.integers(1, 4), label="openings")):
            async with subject.open() as module:
                for tokens, changes in data.draw(st.lists(BATCHES, max_size=4), label="batches"):
                    assert outcomes(await module.issue(tokens)) == model.answers(tokens)
                    assert outcomes(await module.change_keys(changes)) == model.answers(changes)
                assert (await module.status()).count == model.count
                fetched = await module.fetch(IDS)
                assert dict(zip(fetched, outcomes(fetched.values()), strict=True)) == model.known()


IDS = tuple(UUID(int=number << 100 | 7) for number in range(6))
"""Few, so that they are used again; their lower halves are equal, so that nothing may rest on those."""

TOKEN_REQUESTS = st.builds(
    request,
    id_=st.sampled_from(IDS),
    pan=st.sampled_from(METERS[:2]),
    key=st.sampled_from([KEY, NEXT, UNKNOWN, DES_KEY]),
    token=st.builds(credit, st.sampled_from([100, 101])),
)
CHANGE_REQUESTS = st.builds(
    change, id_=st.sampled_from(IDS), new=st.sampled_from([NEXT, UNKNOWN]), with_sgc=st.booleans()
)
BATCHES = st.tuples(st.lists(TOKEN_REQUESTS, max_size=30), st.lists(CHANGE_REQUESTS, max_size=20))


class Model:
    """A module as a dictionary."""

    def __init__(self) -> None:
        self.count = 0
        self.answered: dict[UUID, tuple[TokenRequest | KeyChangeRequest, Issued]] = {}

    def answers(self, batch: Sequence[TokenRequest | KeyChangeRequest]) -> list[object]:
        """What it says to a batch: tokens, or the kind of a refusal."""
        meant = {asked.id: asked for asked in reversed(batch)} | {id_: one for id_, (one, _) in self.answered.items()}
        return [self.answer(asked) if asked == meant[asked.id] else RequestReusedError for asked in batch]

    def answer(self, asked: TokenRequest | KeyChangeRequest) -> object:
        """What it says to a request that is what its id stands for."""
        if asked.id in self.answered:
            return self.answered[asked.id][1]
        if UNKNOWN in asked:
            return UnknownKeyError
        issued = Issued(self.count, expected(asked))
        self.count += len(issued.tokens)
        self.answered[asked.id] = asked, issued
        return issued

    def known(self) -> dict[UUID, object]:
        """Every answer by its id."""
        return {id_: issued for id_, (_, issued) in self.answered.items()}


def counted(asked: Iterable[TokenRequest | KeyChangeRequest]) -> dict[VendingKeyName, KeyCount]:
    """What the counters come to when all of this was made, each once."""
    counts: dict[VendingKeyName, KeyCount] = {}
    for one in asked:
        name = VendingKeyName(*one.key[:3])
        tokens, units = counts.get(name, KeyCount(0, 0))
        credit = one.token.carried if isinstance(one, TokenRequest) and isinstance(one.token, Credit) else 0
        counts[name] = KeyCount(tokens + len(expected(one)), units + credit)
    return counts


def outcomes(answers: Iterable[Issued | Refused]) -> list[object]:
    """Answers, and of refusals their kind."""
    return [type(answer.reason) if isinstance(answer, Refused) else answer for answer in answers]
