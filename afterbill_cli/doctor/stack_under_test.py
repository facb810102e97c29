"""The stack that the doctor examines: deployed, and with DNS and the files of its configuration."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from afterbill.settings.config import read_toml
from afterbill_cli.deployed import Deployed
from afterbill_cli.doctor.dns_lookup import Dns
from afterbill_console.adapters.health.stack import ExaminedStack


@dataclass(frozen=True)
class StackUnderTest(ExaminedStack):
    """Data shared by checks. Each property may raise errors of AWS or of a file; `examine` handles them."""

    deployed: Deployed
    dns: Dns
    now: datetime

    @cached_property
    def brand(self) -> Mapping[str, Any]:
        """brand.toml, unchecked."""
        return read_toml(self.deployed.config / "brand.toml")
