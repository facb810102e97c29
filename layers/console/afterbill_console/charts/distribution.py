"""The ratings of a question and the three groups that they make."""

from collections.abc import Sequence

from afterbill_console.charts import Cell, Chart, Table
from afterbill_console.charts import drawing as d
from afterbill_console.numbers import Numbers
from afterbill_console.texts import Texts

HEIGHT, BOTTOM = 190, 150


def distribution(counts: Sequence[int], title: str, t: Texts, numbers: Numbers) -> Chart:
    """Return the number of answers with each rating from 0 to 10."""
    n, most = sum(counts), max([*counts, 1])
    parts = []
    for rating, count in enumerate(counts):
        height = 110 * count / most
        kind = "detractor" if rating <= 6 else "passive" if rating <= 8 else "promoter"
        parts += [d.rect((rating + 0.1) / 11, BOTTOM - height, 0.8 / 11, height, kind)]
        parts += [d.text(numbers.count(rating), d.place((rating + 0.5) / 11), BOTTOM + 15, "middle")]
    said = t("charts.distribution_description", n=n)
    table = [
        (Cell(numbers.count(rating)), Cell(numbers.count(count)), Cell(numbers.share(count / n if n else None)))
        for rating, count in enumerate(counts)
    ]
    head = (t("charts.rating"), t("charts.answers"), t("charts.share"))
    return Chart(title, said, d.frame(title, said, HEIGHT, parts, "distribution"), Table(head, table))
