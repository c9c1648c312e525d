"""Selling over HTTP: JSON in, tokens out, problems told as RFC 9457 has them.

`make_app` makes the application in front of an engine; `serving` lets a server run it.

- `wire`: the bodies; `orders`: from them to the engine and back; `problems`: everything that can go wrong
- `desk`: what an operation is; `sales`, `lookups`, `doors`: all of them; `openapi`: the document made from them
- `batcher`: many tills at once, in batches
- `access`, `people`, `rights`, `rates`, `limits`: who is let in, who may do what, how often, for how much
- `webhooks`: telling others of sales
- `watching`: metrics and logs
- `serving`, `supervising`, `modules`: a server, several of them, and a security module for each
"""

from umbane.api.app import OPERATIONS, make_app
from umbane.api.people import hash_password, seal
from umbane.api.rights import RIGHTS_OF, TILL, Right
from umbane.api.serving import Listening, listening, serve

__all__ = [
    "OPERATIONS",
    "RIGHTS_OF",
    "TILL",
    "Listening",
    "Right",
    "hash_password",
    "listening",
    "make_app",
    "seal",
    "serve",
]
