"""The bodies of the answer API as pydantic models, which check them and from which the document is made."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from afterbill.answers.api.values import COUNTRY, EMAIL, LOCALE, SLUG, Moment, Rating, left_out, text
from afterbill.answers.external import LATEST_MINUTES, OLDEST_DAYS, ReportedAnswer
from afterbill.model.billing import Touchpoint
from afterbill.model.invitation import COMMENT_LENGTH
from afterbill.model.questions import SCALES, Question

_BY_QUESTION: list[Any] = [
    {
        "if": {"properties": {"question": {"const": question.value}}, "required": ["question"]},
        "then": {"properties": {"rating": {"minimum": scale.lowest, "maximum": scale.highest}}},
    }
    for question, scale in SCALES.items()
    if scale.ratings != SCALES[Question.NPS].ratings
]


class Body(BaseModel):
    """No field may be unknown, no value is guessed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class CustomerBody(Body):
    """Who answered, to find a known customer; none of it is stored, and nobody becomes a customer by it."""

    model_config = ConfigDict(
        json_schema_extra={"minProperties": 1, "dependentRequired": {"id": ["source"], "source": ["id"]}}
    )

    id: str = left_out("Id of the customer in a source of surveys.toml; goes with `source`.", text(200))
    source: str = left_out("Name of that source.", SLUG)
    email: str = left_out("Mail address; only its keyed hash is looked up.", EMAIL)

    @model_validator(mode="after")
    def _fits(self) -> "CustomerBody":
        if not self.model_fields_set:
            raise PydanticCustomError("empty", "needs `id` and `source`, or `email`")
        if bool(self.id) != bool(self.source):
            raise PydanticCustomError("together", "`id` and `source` go together")
        return self


class SegmentsBody(Body):
    """What is known of who answered; of a known customer, country and locale of the profile win."""

    plan: str = left_out("Plan or product.", text(100))
    country: str = left_out("ISO 3166-1, two capitals.", COUNTRY)
    locale: str = left_out("Language, and country if need be: `de`, `de-CH`.", LOCALE)


class AnswerBody(Body):
    """One answer that was given elsewhere."""

    model_config = ConfigDict(json_schema_extra={"allOf": _BY_QUESTION})

    question: Annotated[Question, Field(strict=False)] = Field(
        default=Question.NPS,
        description="What was asked: recommendation (nps), satisfaction (csat), effort (ces), buying again (rebuy).",
    )
    rating: Rating = Field(description="0 to 10 for nps and rebuy, 1 to 5 for csat, 1 to 7 for ces.")
    answered_at: Moment = Field(
        default_factory=lambda: None,
        description=f"When it was given, by default now; at most {LATEST_MINUTES} minutes in the future, "
        f"at most {OLDEST_DAYS} days ago.",
    )
    comment: str = Field(default="", max_length=COMMENT_LENGTH, description="In the customer's words.")
    reason: str = left_out("Name of a reason in surveys.toml, such as `price`; others are refused.", SLUG)
    contact_ok: bool = Field(default=False, description="Whether the customer may be contacted about it.")
    touchpoint: Annotated[Touchpoint, Field(strict=False)] = Field(
        default=Touchpoint.RELATIONSHIP, description="The moment it is about."
    )
    source: str = left_out("Where it was collected, by default the name of the API key.", text(40))
    customer: CustomerBody = Field(default_factory=CustomerBody.model_construct)
    segments: SegmentsBody = Field(default_factory=SegmentsBody)

    @field_validator("reason")
    @classmethod
    def _known(cls, reason: str, info: ValidationInfo) -> str:
        """Accept the reasons in the context; any reason where it has none."""
        reasons: frozenset[str] = (info.context or {}).get("reasons", frozenset())
        if reasons and reason not in reasons:
            raise PydanticCustomError("reason", f"is none of surveys.toml, only: {', '.join(sorted(reasons))}")
        return reason

    @field_validator("rating")
    @classmethod
    def _on_the_scale(cls, rating: int, info: ValidationInfo) -> int:
        question = info.data.get("question", Question.NPS)
        scale = SCALES[question]
        if rating not in scale.ratings:
            raise PydanticCustomError("scale", f"must be {scale.lowest} to {scale.highest} for {question}")
        return rating

    def reported(self) -> ReportedAnswer:
        """Return the answer as collect_response takes it."""
        fields: dict[str, Any] = {
            name: getattr(self, name) for name in type(self).model_fields if name not in {"customer", "segments"}
        }
        customer = self.customer
        segments = {name: value for name, value in self.segments.model_dump().items() if value}
        return ReportedAnswer(
            **fields,
            segments=segments,
            customer_id=customer.id,
            customer_source=customer.source,
            email=customer.email,
        )


_PARTS: Mapping[tuple[int | str, ...], type[Body]] = {
    (): AnswerBody,
    ("customer",): CustomerBody,
    ("segments",): SegmentsBody,
}
FIELDS: Mapping[tuple[int | str, ...], frozenset[str]] = {
    place: frozenset(body.model_fields) for place, body in _PARTS.items()
}
"""The fields of each part of an answer, by its place."""


class KeptBody(Body):
    """What became of an answer."""

    id: str = Field(pattern=r"^[0-9a-f]{32}$", description="The id of the answer, the same at every repetition.")
    outcome: Literal["recorded", "repeated"]


class Fault(Body):
    """One thing that is wrong with a body."""

    field: str = Field(description="Which field, with dots where it lies in another; empty: the whole body.")
    message: str


class ProblemBody(Body):
    """Problem details of RFC 9457; `code` tells programs what is wrong, `detail` people what to do."""

    type: Literal["about:blank"]
    title: str
    status: int
    detail: str
    code: str
    problems: list[Fault] = Field(default_factory=list)
