"""The face of the virtual meter: keypad, display, sounds, icons, short codes.

``press`` is what happens when somebody touches it, ``show``, ``icons`` and ``alarm`` are what they see and hear.
"""

from umbane.meter.face.beeps import Beep, Sound
from umbane.meter.face.display import Screen, rotation
from umbane.meter.face.errors import PackError
from umbane.meter.face.face import Face, Response, alarm, press, show, wake
from umbane.meter.face.icons import Icon, icons
from umbane.meter.face.items import Item, Look, read
from umbane.meter.face.keypad import Key, Keypad
from umbane.meter.face.memory import LastCredit
from umbane.meter.face.packfile import built_in_packs, load_pack, parse_pack
from umbane.meter.face.packs import CodePack, Deed, ShortCode, Source
from umbane.meter.face.words import ANSWERS, Answer, answer

__all__ = [
    "ANSWERS",
    "Answer",
    "Beep",
    "CodePack",
    "Deed",
    "Face",
    "Icon",
    "Item",
    "Key",
    "Keypad",
    "LastCredit",
    "Look",
    "PackError",
    "Response",
    "Screen",
    "ShortCode",
    "Sound",
    "Source",
    "alarm",
    "answer",
    "built_in_packs",
    "icons",
    "load_pack",
    "parse_pack",
    "press",
    "read",
    "rotation",
    "show",
    "wake",
]
