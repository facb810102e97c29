"""The parts that the pages about the stack itself take from outside."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from afterbill.content.brand import Brand
    from afterbill.insight.ports import StoredReports
    from afterbill.outreach.policy import Policy


@dataclass(frozen=True, slots=True)
class Deployed:
    """The configuration as it was deployed: surveys.toml, brand.toml, and the languages that customers are asked in."""

    policy: "Policy"
    brand: "Brand"
    languages: Mapping[str, str] = field(default_factory=dict)
    """The name of each language by its tag."""


@dataclass(frozen=True, slots=True)
class StackDeps:
    """The stored documents, of which one is the health, and the configuration, read when its page is first opened."""

    documents: "StoredReports"
    settings: Callable[[], Deployed]
