"""The tables of surveys.toml that are about answers and the ways they come in."""

from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from afterbill.model.billing import Touchpoint
from afterbill.model.channels import SmsPolicy
from afterbill.model.visits import Integrity
from afterbill.settings.surveys.table import Table
from afterbill.settings.surveys.values import Duration, choose, network, origin

_INTEGRITY, _SMS = Integrity(), SmsPolicy()


class IntegrityTable(Table):
    """[integrity]: the thresholds that tell people's clicks from machines'."""

    count_unconfirmed: bool = _INTEGRITY.count_unconfirmed
    visible: Annotated[float, Field(ge=0.1, le=10, strict=False)] = _INTEGRITY.visible
    settling: Annotated[Duration, Field(ge=timedelta(seconds=5), le=timedelta(days=1))] = _INTEGRITY.settling
    burst: Duration = _INTEGRITY.burst
    probe: Duration = _INTEGRITY.probe
    second_thought: Duration = _INTEGRITY.second_thought
    most_numbers: Annotated[int, Field(ge=1, le=5)] = _INTEGRITY.most_numbers
    scanners: Annotated[tuple[str, ...], Field(strict=False)] = ()
    networks: Annotated[tuple[Annotated[str, BeforeValidator(network)], ...], Field(strict=False)] = ()


class SmsTable(Table):
    """[sms]: the most a text message may cost."""

    max_price: Annotated[str, Field(pattern=r"^[0-9]{1,2}\.[0-9]{2,5}$")] = _SMS.max_price
    most_segments: Annotated[int, Field(ge=1, le=6)] = _SMS.most_segments


class InProductTable(Table):
    """Surveys inside the operator's product."""

    source: str = ""
    origins: Annotated[tuple[Annotated[str, BeforeValidator(origin)], ...], Field(strict=False)] = ()

    @model_validator(mode="after")
    def _whole(self) -> "InProductTable":
        if bool(self.source) != bool(self.origins):
            message = (
                'needs both: source = "..." (whose ids of customers your product knows) and origins = ["https://..."]'
            )
            raise ValueError(message)
        return self


class LinkTable(Table):
    """A plain link, `/q/<name>`."""

    touchpoint: Annotated[Touchpoint, BeforeValidator(lambda text: Touchpoint(choose(text, Touchpoint)))]
