"""What a request to the module says, in one line: so that what was made for it is known again."""

from umbane.security import KeyChangeRequest
from umbane.sts import StampedToken
from umbane.vending.plans import Asked

__all__ = ["exact", "signature"]


def exact(request: Asked) -> str:
    """What a request is for, with its TID: two that are equal get the same digits, but for chance."""
    token: object = getattr(request, "token", None)
    tid = token.tid.minutes if isinstance(token, StampedToken) else None
    return f"{signature(request)} {tid}"


def signature(request: Asked) -> str:
    """What a request is for, its TID and chance apart: two that are equal get tokens that do the same."""
    key = "/".join(str(it) for it in request.key)
    if isinstance(request, KeyChangeRequest):
        return f"{request.pan} {key} > {'/'.join(str(it) for it in request.new)} {request.with_sgc}"
    token = request.token
    value = token.value() if isinstance(token, StampedToken) else token.content()
    return f"{request.pan} {key} {token.token_class}.{token.subclass}.{value}"
