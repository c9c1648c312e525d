"""Which tokens were used already: the memory of TIDs (IEC 62055-41 7.3.7, 7.3.8)."""

from bisect import insort
from hashlib import sha256
from typing import Final, NamedTuple

from umbane.meter.results import ValidationResult
from umbane.sts import KT, TID, DecoderKey

__all__ = ["TidMemory", "fingerprint", "validate"]

MOST_RETIRED_KEYS: Final = 64


class TidMemory(NamedTuple):
    """The TIDs of the last tokens under the current key, and of each earlier key the highest.

    Attributes:
        minutes: in ascending order; always as many as the meter has room for.
        retired: fingerprint and highest TID of keys that the meter had before, the latest first. A key that comes
            back finds everything up to that TID used. The standard only asks that RO clears the memory; that a
            replayed key-change set can't make spent tokens work again is this meter's choice.
    """

    minutes: tuple[int, ...]
    retired: tuple[tuple[int, int], ...] = ()

    @classmethod
    def filled(cls, tid: int, size: int) -> "TidMemory":
        """The memory of a new meter: full of one TID, that of the date of manufacture (7.3.8)."""
        return cls((tid,) * size)

    def judge(self, tid: int) -> ValidationResult:
        """Valid, OldError or UsedError."""
        if tid < self.minutes[0]:
            return ValidationResult.OLD_ERROR
        return ValidationResult.USED_ERROR if tid in self.minutes else ValidationResult.VALID

    def remember(self, tid: int) -> "TidMemory":
        """The memory with a new TID in the place of the smallest."""
        minutes = list(self.minutes[1:])
        insort(minutes, tid)
        return self._replace(minutes=tuple(minutes))

    def under_new_key(self, old: int, new: int, *, rollover: bool) -> "TidMemory":
        """The memory after a change from the key with fingerprint ``old`` to that with ``new``.

        TIDs are compared within one key: the new one starts with the smallest TID that would still have been
        accepted, or with zeros under RO (6.3.5, rollover).
        """
        if old == new:
            return self
        known = dict(self.retired)
        start = max(0 if rollover else self.minutes[0], known.pop(new, 0))
        known.pop(old, None)
        retired = ((old, self.minutes[-1]), *known.items())[:MOST_RETIRED_KEYS]
        return TidMemory((start,) * len(self.minutes), retired)


def fingerprint(key: DecoderKey) -> int:
    """32 bits by which a meter recognises a key that it had before; they don't lead back to it."""
    return int.from_bytes(sha256(b"umbane.meter" + key.value.to_bytes(16, "big")).digest()[:4], "big")


def validate(memory: TidMemory, key: DecoderKey, token_class: int, tid: TID, *, check_ken: bool) -> ValidationResult:
    """May a token with this TID still be used? (7.3.7).

    Sources don't say in which order the last two are checked; that the KEN comes first is a choice.
    """
    judged = memory.judge(tid.minutes)
    if judged is not ValidationResult.VALID:
        return judged
    if check_ken and key.kt is not KT.DITK and tid.beyond(key.ken):
        return ValidationResult.KEY_EXPIRED_ERROR
    if token_class == 0 and key.kt is KT.DDTK:
        return ValidationResult.DDTK_ERROR
    return ValidationResult.VALID
