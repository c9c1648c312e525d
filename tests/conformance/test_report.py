"""The report: for machines, and for people."""

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import umbane
from tests.conformance.support import Json, published
from umbane.conformance import Report, Tally, VectorFile, as_html, as_json, parse_vectors, run

MADE = datetime(2026, 1, 31, 12, 30, tzinfo=UTC)
HOSTILE = '<script>alert("1")</script>&\x1b[2J'


def report(*files: VectorFile) -> Report:
    """A report on these files."""
    return Report(MADE, files, None, list(run(files)))


def mixed() -> VectorFile:
    """A file with one vector that passes, one that fails and one that is skipped, all with hostile names."""
    inputs = {"kind": "luhn_digit", "digits": "1234567890"}
    entries: list[Json] = [
        {"id": "good", "group": HOSTILE, "inputs": inputs, "expected": {"digit": 3}},
        {"id": HOSTILE, "group": HOSTILE, "provenance": HOSTILE, "inputs": inputs, "expected": {"digit": HOSTILE}},
        {"id": "odd", "group": "g", "source": HOSTILE, "inputs": {"kind": HOSTILE}, "expected": {HOSTILE: 1.10}},
    ]
    return parse_vectors(HOSTILE, json.dumps(entries).encode())


class Page(HTMLParser):
    """The elements and the attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str | None] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of an element."""
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in {"src", "href", "action", "data"}]


def test_totals() -> None:
    """The JSON counts everything, by group and by provenance."""
    document = json.loads(as_json(report(mixed())))
    assert document["totals"] == {"passed": 1, "failed": 1, "skipped": 1, "total": 3}
    assert document["groups"][HOSTILE] == {"passed": 1, "failed": 1, "skipped": 0, "total": 2}
    assert document["provenance"][HOSTILE] == {"passed": 0, "failed": 1, "skipped": 0, "total": 1}


def test_what_was_run() -> None:
    """The JSON says when, with what, under which tables and on exactly which bytes."""
    document = json.loads(as_json(report(mixed())))
    assert document["made"] == "2026-01-31T12:30:00+00:00"
    assert document["versions"]["umbane"] == umbane.__version__
    assert document["ea07_tables"] == {"set": "sample", "name": None}
    assert document["files"] == [{"name": HOSTILE, "sha256": mixed().sha256, "vectors": 3}]


def test_each_result() -> None:
    """The JSON holds each vector's outcome with its reason, what was expected and what came out."""
    failed = json.loads(as_json(report(mixed())))["results"][1]
    assert failed["outcome"] == "failed"
    assert failed["reason"] == "not as expected: digit"
    assert failed["expected"] == {"digit": HOSTILE}
    assert failed["got"] == {"digit": 3}


def test_an_exact_number_stays_exact() -> None:
    """A number with a point leaves as it came, as text."""
    assert json.loads(as_json(report(mixed())))["results"][2]["expected"] == {HOSTILE: "1.1"}


def test_no_inputs() -> None:
    """Neither form repeats the inputs of a vector, where its vending key stands."""
    vending_key = "abababababababab949494949494949401234567"
    whole = report(published())
    assert vending_key not in as_json(whole).lower()
    assert vending_key not in as_html(whole).lower()


def test_tallies_add_up() -> None:
    """The groups add up to the whole, and so do the provenances."""
    whole = report(published())
    for parts in (whole.by_group, whole.by_provenance):
        assert sum(tally.total for tally in parts.values()) == whole.tally.total == 467


def test_page_is_self_contained() -> None:
    """The page asks for nothing from elsewhere: its links stay within it."""
    page = Page(as_html(report(published())))
    assert {link for link in page.links if not (link or "").startswith("#")} == set()
    assert {"link", "img", "iframe", "object", "form"} & set(page.tags) == set()
    assert "url(" not in as_html(report(published()))


def test_page_shows_hostile_text_as_text() -> None:
    """What stands in a vector file is shown and never obeyed: the page has one script, its own."""
    text = as_html(report(mixed()))
    assert Page(text).tags.count("script") == 1
    assert "alert(&#34;1&#34;)" in text


def test_failures_come_first() -> None:
    """On the page failures stand before what was skipped, and that before what passed."""
    outcomes = re.findall(r'data-outcome="(\w+)"', as_html(report(mixed())))
    assert outcomes == ["failed", "skipped", "passed"]


def test_page_of_a_clean_run() -> None:
    """A page says in words whether everything passed, something was skipped or something failed."""
    entry = {"inputs": {"kind": "luhn_digit", "digits": "1234567890"}, "expected": {"digit": 3}}
    clean = report(parse_vectors("f", json.dumps([entry]).encode()))
    assert clean.tally == Tally(1, 0, 0)
    assert "Every vector came out as expected." in as_html(clean)
    assert "some were not run" in as_html(report(published()))
    assert "Not every vector" in as_html(report(mixed()))


def test_licensed_tables_are_named() -> None:
    """A run with licensed tables says so in both forms, by their name."""
    licensed = Report(MADE, [mixed()], "our set", list(run([mixed()])))
    assert json.loads(as_json(licensed))["ea07_tables"] == {"set": "licensed", "name": "our set"}
    assert "licensed (our set)" in as_html(licensed)
    assert "were not at hand" not in as_html(licensed)
