"""Everything that is stored about a person as a page: no script, nothing from outside, fit to be printed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.units import format_unit
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from afterbill.content.brand import Brand
from afterbill.content.colours import SURFACE, SURFACE_DARK, ink_on
from afterbill.content.mail.formats import amount, day, formats_of
from afterbill.content.web.pages import TEMPLATES
from afterbill.content.wording import Catalog, Words
from afterbill.model.billing import Money

_OWN = Path(__file__).parent
_TIME = "%H:%M"


@dataclass(frozen=True, slots=True)
class _Formats:
    """Moments, days and amounts as the reader's language writes them, in the operator's time zone."""

    locale: Any
    zone: ZoneInfo

    def moment(self, text: str) -> str:
        """Write the day and the minute of a moment of the document."""
        at = datetime.fromisoformat(text).astimezone(self.zone)
        return f"{day(at.date(), self.locale)}, {at.strftime(_TIME)}"

    def day(self, text: str) -> str:
        """Write the day of a moment of the document, or of a text that is no moment as it stands."""
        try:
            return day(datetime.fromisoformat(text).astimezone(self.zone).date(), self.locale)
        except ValueError:
            return text

    def value(self, part: str, text: str) -> str:
        """Write a country or a language by its name, as far as it is known, and any other value as it stands."""
        names = {"country": self.locale.territories, "locale": self.locale.languages}.get(part, {})
        return str(names.get(text if part == "country" else text.partition("-")[0], text))

    def recurring(self, one: Mapping[str, Any]) -> str:
        """Write an amount and its interval: "49,00 € / 3 Monate"."""
        every = format_unit(one["every"], f"duration-{one['unit']}", locale=self.locale)
        return f"{self.amount(one['minor_units'], one['currency'])} / {every}"

    def amount(self, minor_units: int, currency: str) -> str:
        """Write an amount."""
        return amount(Money(minor_units, currency), self.locale)


class DataExportPage:
    """The page about the document of `privacy/export.py`, in the language nearest to the reader's."""

    def __init__(self, brand: Brand, catalogs: Mapping[str, Catalog]) -> None:
        self._brand, self._words = brand, Words(brand, catalogs)
        self._environment = Environment(
            loader=FileSystemLoader([_OWN, TEMPLATES], encoding="utf-8-sig"),
            autoescape=select_autoescape(("html",)),
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        colours = {"brand": brand, "surface": SURFACE, "surface_dark": SURFACE_DARK, "ink_on": ink_on}
        self._style = "".join(
            self._environment.get_template(name).render(colours) for name in ("page.css", "data_export.css")
        )

    def html(self, document: Mapping[str, Any], wanted: str | None) -> str:
        """Return the page; `wanted` is a language tag such as `de-AT`, None where nobody knows."""
        words = self._words(wanted)
        html = self._environment.get_template("data_export.html").render(
            t=words,
            words=partial(self._words, wanted),
            texts=words.catalog,
            language=words.language,
            direction=words.direction,
            brand=self._brand,
            style=self._style,
            test=False,
            data=document,
            formats=_Formats(formats_of(words.language, wanted or ""), ZoneInfo(document["time_zone"])),
        )
        return html.encode(errors="replace").decode()
