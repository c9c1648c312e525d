"""256 words, one for each byte: how custodians write and read aloud what a machine counts in bytes.

Each has at least four letters and is told from all others by its first four; no two differ by one letter only.
"""

from typing import Final

from umbane.keycentre.errors import ShareError

__all__ = ["WORDS", "bytes_of", "words_of"]

TEXT: Final = """
acorn agent album alert amber anchor ankle apple apron arch arrow atlas autumn axle bacon badge baker bamboo banana
barrel basket beacon beetle belt bench berry blanket blossom bonfire boulder bracket bread brick bridge bronze brush
bucket buffalo bugle butter cabin cactus camel candle canoe canyon carbon carpet cattle cedar cello chalk cherry
chimney circle citrus clay clock cloud clover cobalt coffee comet compass copper coral cotton cousin crane cricket
crystal curtain cushion daisy dancer delta desert diamond dinner dolphin donkey dragon drum eagle earth echo elbow
elephant engine envelope fabric falcon feather fennel fern fiddle flute forest fossil friday frost galaxy garden
gazelle ginger giraffe glacier glove goblet gold granite grape guitar hammer hazel helmet heron hippo honey horizon
hotel hunter iceberg igloo impala indigo iron island ivory jacket jaguar jasmine jigsaw jungle kayak kettle kingdom
kitchen kiwi knot ladder lagoon lantern lemon leopard lettuce lily lion lizard lobster lunar magnet mango maple
marble meadow melon mercury mirror monsoon mosaic mountain mustard napkin needle nickel noodle nutmeg oasis ocean
olive onion opal orange orbit orchid ostrich otter oxygen oyster paddle palm panda paper parrot peach pebble pelican
pencil pepper piano pigeon pilot pine planet plum pollen pony potato prism pumpkin purple pyramid quartz quilt
rabbit radar raft rain raven ribbon river robin rooster rubber ruby saffron salmon sapphire satin scarf sesame
shadow shell silver slate spider spring sugar sunset table teapot temple thunder tiger timber tomato topaz tulip
turtle valley vanilla velvet violin volcano walnut water whale wheat willow window winter wombat yellow zebra zenith
"""
WORDS: Final = tuple(TEXT.split())
"""In the order of the alphabet: the first stands for 0, the last for 255."""

TOLD_BY: Final = 4
"""Letters of a word that are enough."""
VALUES: Final = {word[:TOLD_BY]: value for value, word in enumerate(WORDS)}


def words_of(content: bytes) -> list[str]:
    """A word for each byte."""
    return [WORDS[byte] for byte in content]


def bytes_of(words: list[str]) -> bytes:
    """The bytes that words stand for; their first four letters are enough.

    Raises:
        ShareError: one isn't on the list. The error tells its place, not the word.
    """
    values = []
    for place, word in enumerate(words, 1):
        value = VALUES.get(word[:TOLD_BY].lower())
        if value is None or not WORDS[value].startswith(word.lower()):
            problem = f"word {place} of {len(words)} is none of the words that shares are written in"
            raise ShareError("share", problem, "read that line again")
        values.append(value)
    return bytes(values)
