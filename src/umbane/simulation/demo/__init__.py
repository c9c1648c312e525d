"""A day of trade in a made-up town, done for real: over HTTP, into the books, and typed into virtual meters.

- `homes`: who lives there; `plan`: who buys what, when and where; both pure
- `town`: the town in the registry, its tills' keys, what happens before the shops open
- `till`: one till's day; `day`: all of them at once, and what came of it
- `claims`: figures counted in two places that must be one
- `report`: the page with the charts
"""
