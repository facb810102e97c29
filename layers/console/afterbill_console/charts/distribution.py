"""The ratings of a question and the three groups that they make."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from afterbill.model.questions import SCALES, Category, Question, Scale
from afterbill_actions.texts import Texts
from afterbill_console.charts import Cell, Chart, Note, Table
from afterbill_console.charts import drawing as d
from afterbill_console.numbers import Numbers

TOP, BOTTOM, RATINGS, BRACKET, SHARES, HEIGHT = 20, 150, 167, 178, 196, 202

NET = SCALES[Question.NPS]
OTHER: Mapping[Category, str] = {
    Category.PROMOTER: "favourable",
    Category.PASSIVE: "neutral",
    Category.DETRACTOR: "unfavourable",
}
"""The names of the groups of questions that have no net score."""


def distribution(counts: Sequence[int], title: str, t: Texts, numbers: Numbers, *, scale: Scale = NET) -> Chart:
    """Return the number of answers with each rating; `counts` begin with that of 0, whatever the scale."""
    ratings = [rating for rating in scale.ratings if rating < len(counts)]
    given = {rating: counts[rating] for rating in ratings}
    n, most = sum(given.values()), max([*given.values(), 1])
    parts = []
    for place, (rating, count) in enumerate(given.items()):
        height = (BOTTOM - TOP) * d.inside(count / most)
        x = (place + 0.5) / len(ratings)
        parts += [
            d.rect(
                (place + 0.12) / len(ratings),
                BOTTOM - height,
                0.76 / len(ratings),
                height,
                scale.category(rating).value,
            )
        ]
        parts += [d.text(numbers.count(count), d.place(x), BOTTOM - height - 5, "middle count")] if count else []
        parts += [d.text(numbers.count(rating), d.place(x), RATINGS, "middle")]
    parts += [d.line((0, BOTTOM), (1, BOTTOM), "zero")]
    groups = [_Group(category, ratings, given, scale) for category in reversed(Category)]
    parts += [part for group in groups for part in group.bracket(n, len(ratings), numbers)]
    notes = [Note(group.category.value, group.words(n, t, numbers)) for group in groups]
    groups_in_words = "; ".join(note.text for note in notes)
    said = t("charts.distribution_description", n=n, count=numbers.count(n), groups=groups_in_words)
    rows = [
        (
            Cell(numbers.count(rating), note=t(f"words.category_{_name(scale.category(rating), scale)}")),
            Cell(numbers.count(count)),
            Cell(numbers.share(count / n if n else None)),
        )
        for rating, count in given.items()
    ]
    head = (t("charts.rating"), t("charts.answers"), t("charts.share"))
    return Chart(title, said, d.frame(title, said, HEIGHT, parts, "distribution"), Table(head, rows), notes)


def _name(category: Category, scale: Scale) -> str:
    return category.value if scale == NET else OTHER[category]


class _Group:
    """The ratings of one category, which stand beside each other."""

    def __init__(self, category: Category, ratings: Sequence[int], given: Mapping[int, int], scale: Scale) -> None:
        self.category, self.scale = category, scale
        self.places = [place for place, rating in enumerate(ratings) if scale.category(rating) is category]
        self.own = [ratings[place] for place in self.places]
        self.count = sum(given[rating] for rating in self.own)

    def bracket(self, n: int, width: int, numbers: Numbers) -> list[Markup]:
        """Return a line under the ratings with their share."""
        if not self.places:
            return []
        first, last = self.places[0] / width, (self.places[-1] + 1) / width
        share = numbers.share(self.count / n if n else None)
        return [
            d.line((first + 0.01, BRACKET), (last - 0.01, BRACKET), f"bracket {self.category.value}"),
            d.text(share, d.place((first + last) / 2), SHARES, "middle strong"),
        ]

    def words(self, n: int, t: Texts, numbers: Numbers) -> str:
        """Return the group in words: its ratings, its answers, its share."""
        return t(
            "charts.group",
            name=t(f"words.category_{_name(self.category, self.scale)}"),
            lowest=min(self.own, default=0),
            highest=max(self.own, default=0),
            count=numbers.count(self.count),
            share=numbers.share(self.count / n if n else None),
        )
