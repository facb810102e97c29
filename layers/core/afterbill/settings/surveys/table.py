"""The base of every table of surveys.toml."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$")]


class Table(BaseModel):
    """No key may be unknown, no value is guessed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
