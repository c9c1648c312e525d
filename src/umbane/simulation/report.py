"""The report of a story: one page that stands alone, with charts, proofs, refusals and every receipt."""

from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from umbane.simulation.charts import credit_chart, energy_chart, money_chart
from umbane.simulation.models import Refusal
from umbane.simulation.shop import show_tenths
from umbane.simulation.slips import slip
from umbane.simulation.story import Story
from umbane.simulation.summary import dark_hours, proofs, tariff_totals

__all__ = ["report"]

TEMPLATES: Final = Environment(
    loader=PackageLoader("umbane.simulation"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


TEMPLATES.filters["kwh"] = show_tenths


def report(story: Story, *, source: str) -> str:
    """The page as HTML.

    Args:
        story: what happened.
        source: the name of the purchases file.
    """
    return TEMPLATES.get_template("report.html").render(
        source=source,
        story=story,
        totals=tariff_totals(story),
        proofs=proofs(story),
        dark_hours=dark_hours(story),
        tokens=sum(len(sale.deliveries) for sale in story.sales),
        slips=[slip(chapter) for chapter in story.chapters if not isinstance(chapter.outcome, Refusal)],
        charts={"credit": credit_chart(story), "money": money_chart(story), "energy": energy_chart(story)},
    )
