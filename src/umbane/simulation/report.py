"""The report of a story: one page that stands alone, with charts, proofs, refusals and every receipt."""

from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from umbane.simulation.charts import credit_charts, energy_chart, money_chart, price, price_charts
from umbane.simulation.models import Refused
from umbane.simulation.receipts import slip
from umbane.simulation.shop import show_tenths
from umbane.simulation.story import Story
from umbane.simulation.summary import dark_hours, endings, proofs, tariff_totals

__all__ = ["TEMPLATES", "report"]

MOST_CHARTS: Final = 60
"""Houses that are drawn, unless somebody wants more."""

TEMPLATES: Final = Environment(
    loader=PackageLoader("umbane.simulation"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.filters.update(kwh=show_tenths, price=price)


def report(story: Story, *, source: str, most: int = MOST_CHARTS) -> str:
    """The page as HTML.

    Args:
        story: what happened.
        source: the name of the purchases file.
        most: houses that are drawn; all of them stand in the table.
    """
    return TEMPLATES.get_template("report.html").render(
        source=source,
        story=story,
        totals=tariff_totals(story),
        endings=endings(story),
        proofs=proofs(story),
        dark_hours=dark_hours(story),
        tokens=sum(len(sale.deliveries) for sale in story.sales),
        slips=[slip(chapter) for chapter in story.chapters if not isinstance(chapter.outcome, Refused)],
        credit=credit_charts(story, most),
        prices=price_charts(story),
        money=money_chart(story),
        energy=energy_chart(story, most),
    )
