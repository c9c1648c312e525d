"""Selling over HTTP: JSON in, tokens out, problems told as RFC 9457 has them.

`make_app` makes the application in front of an engine; `serving` lets a server run it.

- `wire`: the bodies; `orders`: from them to the engine and back; `problems`: everything that can go wrong
- `desk`: what an operation is; `sales`, `lookups`, `doors`: all of them; `openapi`: the document made from them
- `batcher`: many tills at once, in batches
- `access`, `rights`, `rates`, `limits`: who is let in, who may do what, how often, for how much
- `people`, `attempts`, `passwords`, `secondfactor`, `sessions`, `accounts`: signing in, and what it takes
- `approving`: what takes several people; `approvals`: orders that do, and who decides; `consent`: the same at desks;
  `alarms`: what was done alone all the same; `reversals`: taking a sale back from a desk
- `webhooks`, `outside`: telling others of sales, and the way out to them
- `watching`: metrics and logs
- `managing`: what the utility's own people do; `housekeeping`: what has to be done now and then
- `serving`, `connections`, `supervising`, `modules`: a server, several of them, and a security module for each
"""

from umbane.api.accounts import set_blocked, set_password, set_second_factor
from umbane.api.alarms import note_alone, note_shared
from umbane.api.app import OPERATIONS, make_app
from umbane.api.passwords import hash_password, require_good
from umbane.api.rights import FOR_PEOPLE, RIGHTS_OF, TILL, Right
from umbane.api.secondfactor import matching_step, new_secret, otpauth, seal, typed
from umbane.api.serving import Listening, listening, serve
from umbane.api.sessions import end_sessions

__all__ = [
    "FOR_PEOPLE",
    "OPERATIONS",
    "RIGHTS_OF",
    "TILL",
    "Listening",
    "Right",
    "end_sessions",
    "hash_password",
    "listening",
    "make_app",
    "matching_step",
    "new_secret",
    "note_alone",
    "note_shared",
    "otpauth",
    "require_good",
    "seal",
    "serve",
    "set_blocked",
    "set_password",
    "set_second_factor",
    "typed",
]
