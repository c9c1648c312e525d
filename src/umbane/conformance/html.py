"""The report as one page to read: self-contained, without anything from elsewhere."""

import json
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from umbane.conformance.report import Report, plain, versions
from umbane.conformance.runner import Outcome

__all__ = ["as_html"]

ORDER: Final = (Outcome.FAILED, Outcome.SKIPPED, Outcome.PASSED)
"""What needs attention comes first."""


def as_html(report: Report) -> str:
    """The report for people."""
    environment = Environment(
        loader=PackageLoader("umbane.conformance", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["compact"] = compact
    results = [result for outcome in ORDER for result in report.having(outcome)]
    return environment.get_template("report.html").render(report=report, results=results, versions=versions())


def compact(value: object) -> str:
    """A value on one line, as JSON writes it, strings without their quotation marks."""
    simple = plain(value)
    return simple if isinstance(simple, str) else json.dumps(simple, ensure_ascii=False)
