"""The scales on which other products ask, and what their ratings are on ours; docs/import.md names the sources."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from afterbill.model.errors import ConfigurationError
from afterbill.model.questions import SCALES, Question

_ALWAYS = (Question.NPS, Question.REBUY)
"""Questions that are asked from 0 to 10, or are another question."""
_FOREIGN = {(Question.CES, 1, 5): (1, 2, 4, 6, 7), (Question.CSAT, 1, 3): (1, 3, 5)}
"""Our ratings of foreign scales, from the lowest: favourable, neutral and unfavourable stay what they were."""
_KNOWN: Mapping[str, Sequence[Question]] = {"asknicely": (Question.CSAT,)}
"""Questions that a product asks on our scale and on no other."""
_SAID = re.compile(r"([a-z]+)\s*=\s*([0-9]{1,3})\s*(?:-|to)\s*([0-9]{1,3})")
_FEW_ANSWERS, _SELDOM_THE_HIGHEST = 10, 7


@dataclass(frozen=True, slots=True)
class AskedScale:
    """Whole numbers from `lowest`, the higher the better, on which a question was asked; `stored` are ours for each."""

    question: Question
    lowest: int
    stored: Sequence[int]

    @property
    def numbers(self) -> range:
        """Every rating there is on it."""
        return range(self.lowest, self.lowest + len(self.stored))

    @property
    def note(self) -> str:
        """The note for ratings of this scale; empty for our own scale."""
        if self.stored == SCALES[self.question].ratings:
            return ""
        ours = ", ".join(map(str, self.stored))
        span = f"{self.lowest} to {self.numbers[-1]}"
        return f"{self.question} of {span} is stored as {ours}: shares can be compared, the mean cannot"

    def rating(self, number: int) -> int:
        """Our rating for one of its `numbers`."""
        return self.stored[number - self.lowest]


AskedScales = Mapping[Question, AskedScale]


def asked_scales(product: str, arguments: Sequence[str]) -> AskedScales:
    """Return the scales of a product's export: those that are known, and `--scale question=lowest-highest`."""
    known = [_ours(question) for question in (*_ALWAYS, *_KNOWN.get(product, ()))]
    return {scale.question: scale for scale in (*known, *map(_said, arguments))}


def suggestion(question: Question) -> str:
    """Return the option to type for a question whose scale is not known."""
    return " or ".join(f"--scale {question}={lowest}-{highest}" for lowest, highest in _spans(question))


def doubt(ratings: Counter[int]) -> str:
    """Return why these ratings were probably not asked from 0 to 10; empty where nothing speaks against it."""
    highest = max(ratings, default=0)
    if ratings.total() < _FEW_ANSWERS or highest > _SELDOM_THE_HIGHEST:
        return ""
    return (
        f"no recommendation is above {highest}: if it was not asked from 0 to 10, say what was with --question and "
        "--scale, and import again with --replace"
    )


def _ours(question: Question) -> AskedScale:
    return AskedScale(question, SCALES[question].lowest, SCALES[question].ratings)


def _said(argument: str) -> AskedScale:
    said = _SAID.fullmatch(argument.strip().casefold())
    if said is None or said[1] not in tuple(Question):
        raise ConfigurationError(f"--scale {argument}: write question=lowest-highest, such as --scale ces=1-7")
    question, lowest, highest = Question(said[1]), int(said[2]), int(said[3])
    if (lowest, highest) not in _spans(question):
        raise ConfigurationError(f"--scale {argument}: {_refusal(question, lowest, highest)}")
    return AskedScale(question, lowest, _FOREIGN.get((question, lowest, highest), SCALES[question].ratings))


def _spans(question: Question) -> list[tuple[int, int]]:
    """Lowest and highest of the scales that can be imported, ours first."""
    ours = SCALES[question]
    return [(ours.lowest, ours.highest), *((low, high) for name, low, high in _FOREIGN if name is question)]


def _refusal(question: Question, lowest: int, highest: int) -> str:
    if lowest >= highest:
        return "the best rating must be the highest number: turn the numbers of the file round first"
    spans = " or ".join(f"{low} to {high}" for low, high in _spans(question))
    return f"{question} is imported from {spans} only: what another scale means on ours nobody knows, so keep it out"
