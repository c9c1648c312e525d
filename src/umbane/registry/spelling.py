"""How far two words are apart by slips of the finger."""

from typing import Final

__all__ = ["distance", "likeness", "slack"]

LETTERS_FOR_A_SLIP: Final = 4
"""A word may hold one slip, and another for each so many letters."""

SPOILT: Final = 4
LEAST_ALIKE: Final = 0.2
MOST_ALIKE: Final = 0.4
"""In longer words two slips are looked for."""


def slack(word: str) -> int:
    """How many slips a word of this length may hold and still be meant."""
    return max(1, len(word) // LETTERS_FOR_A_SLIP)


def likeness(word: str) -> float:
    """The part of all their trigrams that another word must share with this one to be looked at letter by letter.

    A word has one trigram more than letters. A slip spoils at most four, two neighbours that are swapped do; in a short
    word that leaves few, in a long one most.
    """
    shared = len(word) + 1 - SPOILT
    return min(max(shared / (2 * (len(word) + 1) - shared), LEAST_ALIKE), MOST_ALIKE)


def distance(one: str, other: str) -> int:
    """The fewest slips between two words: a letter wrong, missing or too many, or two neighbours swapped."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        now = [row]
        for column, its in enumerate(other, 1):
            least = min(last[column] + 1, now[-1] + 1, last[column - 1] + (letter != its))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == its:
                least = min(least, before[column - 2] + 1)
            now.append(least)
        before, last = last, now
    return last[-1]
