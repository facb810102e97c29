"""The tables of surveys.toml that are about answers and the ways they come in."""

from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from afterbill.model.billing import Touchpoint
from afterbill.settings.surveys.table import Table
from afterbill.settings.surveys.values import Duration, choose, network, origin


class IntegrityTable(Table):
    """What tells a person's tap from a machine's."""

    count_unconfirmed: bool = True
    visible: Annotated[float, Field(ge=0.1, le=10, strict=False)] = 0.4
    settling: Annotated[Duration, Field(ge=timedelta(seconds=5), le=timedelta(days=1))] = timedelta(minutes=10)
    burst: Duration = timedelta(seconds=30)
    probe: Duration = timedelta(seconds=5)
    second_thought: Duration = timedelta(seconds=3)
    most_numbers: Annotated[int, Field(ge=1, le=5)] = 2
    scanners: Annotated[tuple[str, ...], Field(strict=False)] = ()
    networks: Annotated[tuple[Annotated[str, BeforeValidator(network)], ...], Field(strict=False)] = ()


class SmsTable(Table):
    """What one text message may cost."""

    max_price: Annotated[str, Field(pattern=r"^[0-9]{1,2}\.[0-9]{2,5}$")] = "0.10"
    most_segments: Annotated[int, Field(ge=1, le=6)] = 2


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
