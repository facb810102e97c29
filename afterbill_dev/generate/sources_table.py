"""Write the table of billing systems in docs/sources.md: `python -m afterbill_dev.generate.sources_table`."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from afterbill.connectors import registry
from afterbill.model.billing import BillingEvent, ObjectReference, Touchpoint
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Source
from afterbill_cli import samples
from afterbill_cli.memory.keys import MemoryApis
from afterbill_dev import paths

PAGE = paths.ROOT / "docs" / "sources.md"
BEGIN, END = "<!-- sources: written by `python -m afterbill_dev.generate.sources_table` -->", "<!-- end of sources -->"
_HEADINGS = ("Billing system", "What proves a webhook", "Mail address", "Touchpoints", "Handshake")


def sources() -> str:
    """One row per billing system, in the order of the registry, then what secrets look like and what is unconfirmed."""
    rows = [_HEADINGS, ("---",) * len(_HEADINGS), *(_row(name) for name in registry.PROVIDERS)]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"{table}\n\nSigning secrets look like this:\n\n{_shapes()}\n\nNot verified yet:\n\n{_unverified()}"


def touchpoints(provider: str) -> list[Touchpoint]:
    """Return the touchpoints of the provider's samples, with the API answers of events/apis."""
    named = {one.touchpoint for one in _understood(provider)}
    return [touchpoint for touchpoint in Touchpoint if touchpoint in named]


def _row(name: str) -> tuple[str, ...]:
    about = registry.load(name).ABOUT
    named = " ".join(f"`{touchpoint}`" for touchpoint in touchpoints(name))
    return (
        f"[{about.title}](providers/{name}.md)",
        about.proof,
        about.address,
        named if about.events else "all: the sender names them",
        about.handshake or "none",
    )


def _shapes() -> str:
    systems = [registry.load(name).ABOUT for name in registry.PROVIDERS]
    return "\n".join(f"- {about.title}: {about.shape.words}" for about in systems if about.signed)


def _unverified() -> str:
    systems = [registry.load(name).ABOUT for name in registry.PROVIDERS]
    return "\n".join(f"- {about.title}: {'; '.join(about.unverified)}" for about in systems if about.unverified)


def _understood(provider: str) -> Iterator[BillingEvent]:
    offered, source = registry.load(provider), Source(provider, provider)
    recorded = paths.ROOT / "events" / "apis" / f"{provider}.json"
    apis = MemoryApis(json.loads(recorded.read_bytes()) if recorded.exists() else {})
    for file in sorted((paths.ROOT / "events" / "webhooks" / provider).iterdir()):
        try:
            elements = offered.normalise(samples.read(file, offered.ABOUT, provider), source)
        except PayloadError:
            continue  # a foreign body, which needs the settings of its source
        for element in elements:
            found: tuple[object, ...] = (element,)
            if isinstance(element, ObjectReference) and offered.resolve:
                found = offered.resolve(element, source, apis.call)
            yield from (one for one in found if isinstance(one, BillingEvent))


def rewritten(page: str) -> str:
    """The page with the table of today between its markers."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{sources()}\n\n{END}{after}"


def main(page: Path = PAGE) -> int:
    """Put the table into the page."""
    page.write_text(rewritten(page.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
