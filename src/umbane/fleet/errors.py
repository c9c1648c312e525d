"""What can be wrong with what is said of a fleet.

::

    UmbaneError
    ├── InputError
    │   └── FleetInputError         a model, a document, a policy or an event can't be what it says
    └── FleetError                  every value is well formed, but the fleet says no
        ├── NotCertifiedError       what is needed to hang up such a meter isn't there, or is over
        ├── EventConflictError      an event of this id said something else
        ├── IllegalEventError       this can't happen to a meter in the state that it is in
        └── NotReversibleError      taking this event back would not be the truth
"""

from umbane.errors import InputError, UmbaneError

__all__ = [
    "EventConflictError",
    "FleetError",
    "FleetInputError",
    "IllegalEventError",
    "NotCertifiedError",
    "NotReversibleError",
]


class FleetInputError(InputError):
    """A value from outside can't be what it says it is."""


class FleetError(UmbaneError):
    """Every value is well formed, but the fleet says no."""


class NotCertifiedError(FleetError):
    """What is needed to hang up such a meter isn't there, or is over."""


class EventConflictError(FleetError):
    """An event of this id said something else; nothing was done."""


class IllegalEventError(FleetError):
    """This can't happen to a meter in the state that it is in."""


class NotReversibleError(FleetError):
    """Taking this event back would not be the truth; the error says what to do instead."""
