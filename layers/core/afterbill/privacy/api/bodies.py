"""The bodies of privacy requests as pydantic models, which check them and from which the document is made."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from afterbill.answers.api.bodies import Body
from afterbill.answers.api.values import EMAIL, OUR_ID, SLUG, left_out, text
from afterbill.model.privacy import RequestKind, RequestState
from afterbill.model.reasons import LONGEST_WHY, stated_why
from afterbill.privacy.ask import Ask

Asked = Literal["export", "erase", "restrict", "release"]
_ONE_NAME: list[Any] = [{"required": ["email"]}, {"required": ["id"]}]
_ONE_SUBJECT: list[Any] = [{"required": ["customer"]}, {"required": ["invitation"]}]
_OURS = r"^[0-9a-f]{32}$"


def _reason(why: str) -> str:
    """Return a reason by the rule of all reasons."""
    try:
        return stated_why(why)
    except ValueError as error:
        raise PydanticCustomError("reason", "{told}", {"told": str(error)}) from error


class WhoBody(Body):
    """The person: our own id of a customer, the id at a source, or all customers who have a mail address."""

    model_config = ConfigDict(json_schema_extra={"oneOf": _ONE_NAME, "dependentRequired": {"source": ["id"]}})

    id: str = left_out("Our id of the customer; with `source`, the id of the customer there.", text(200))
    source: str = left_out("Name of a source in surveys.toml; goes with `id`.", SLUG)
    email: str = left_out("Mail address; only its keyed hash is looked up. Everybody who has it is meant.", EMAIL)

    @model_validator(mode="after")
    def _names_one(self) -> "WhoBody":
        if bool(self.email) == bool(self.id) or (self.source and not self.id):
            raise PydanticCustomError("one_name", "needs `id`, or `id` and `source`, or `email`, and no other")
        return self


class AskBody(Body):
    """One request about what is stored of somebody."""

    model_config = ConfigDict(json_schema_extra={"oneOf": _ONE_SUBJECT})

    kind: Asked = Field(
        description="`export` shows what is stored, `erase` removes it, `restrict` keeps it and uses it for nothing, "
        "`release` ends that."
    )
    customer: WhoBody = Field(default_factory=WhoBody.model_construct)
    invitation: str = left_out("Id of a survey, of which its customer is meant.", OUR_ID)
    why: Annotated[str, AfterValidator(_reason)] = Field(
        description="Why it is asked for, such as the number of a letter; kept in the audit trail. It names no "
        "address and no number of a phone.",
        pattern=text(LONGEST_WHY),
    )

    @model_validator(mode="after")
    def _is_about_one(self) -> "AskBody":
        if ("customer" in self.model_fields_set) == bool(self.invitation):
            raise PydanticCustomError("one_subject", "needs `customer` or `invitation`, and not both")
        return self

    def ask(self) -> Ask:
        """Return the request as the use case takes it."""
        who = self.customer
        ours = who.id if not who.source else ""
        return Ask(
            kind=RequestKind(self.kind),
            why=self.why,
            customer_id=ours,
            alias=f"{who.source}#{who.id}" if who.source else "",
            email=who.email,
            invitation_id=self.invitation,
        )


_PARTS: Mapping[tuple[int | str, ...], type[Body]] = {(): AskBody, ("customer",): WhoBody}
FIELDS: Mapping[tuple[int | str, ...], frozenset[str]] = {
    place: frozenset(body.model_fields) for place, body in _PARTS.items()
}
"""The fields of each part of a request, by its place."""


class KeptRequestBody(Body):
    """A request that is kept; `customers` is the number of people found, who may be none."""

    id: str = Field(pattern=_OURS, description="The id of the request, the same at every repetition.")
    kind: Annotated[RequestKind, Field(strict=False)]
    state: Annotated[RequestState, Field(strict=False)]
    customers: int = Field(ge=0)


class RequestBody(KeptRequestBody):
    """A request and how far it has come.

    An erasure that is `settling` is looked at once more at `settle_at`. `removed` counts what is gone, by kind.
    """

    requested_at: str = Field(json_schema_extra={"format": "date-time"})
    due_at: str = Field(json_schema_extra={"format": "date-time"}, description="Until when it has to be done.")
    settle_at: str = Field(default="", json_schema_extra={"format": "date-time"})
    done_at: str = Field(default="", json_schema_extra={"format": "date-time"})
    removed: dict[str, int] = Field(default_factory=dict)
    shared: int = Field(default=0, description="Customers of a source who stay, for another one knows them too.")
    changed: int = Field(default=0, description="Customers who were restricted or released.")
    receipt: str = Field(default="", description="Of an erasure that is done: what `afterbill privacy verify` checks.")
    export: dict[str, Any] = Field(default_factory=dict, description="Of an export: all that is stored.")
