"""Rendering a whole mail, against Jinja2 rendering nothing but its HTML part."""

from collections.abc import Callable

from jinja2 import Environment, FileSystemLoader

from afterbill.config import read_toml
from afterbill.domain.brand import SURFACE_DARK, Brand, Catalog
from afterbill.mail.render import SurveyMail, render_survey
from benchmarks.layers import ROOT
from benchmarks.table import Row
from benchmarks.timing import pairs, ratio, repeated

_TEMPLATES = ROOT / "layers" / "core" / "afterbill" / "mail" / "templates"
_CONFIGURATION = ROOT / "layers" / "config"
_BUDGET = 4
_CALLS, _PAIRS = 50, 15
_SURVEY = SurveyMail(
    locale="de-AT",
    customer_name="Ada Lovelace",
    touchpoint="payment_succeeded",
    answer_url="https://nps.example.com/s/0123456789abcdef0123456789abcdef0123456789abcdef",
    unsubscribe_url="https://nps.example.com/u/0123456789abcdef0123456789abcdef0123456789abcdef",
)


def rows() -> list[Row]:
    """One row: subject, text and HTML with their words, against the bare body.html."""
    brand = Brand(**read_toml(_CONFIGURATION / "brand.toml"))
    catalogs = {path.stem: read_toml(path) for path in (_CONFIGURATION / "locales").glob("*.toml")}
    whole = repeated(lambda: render_survey(_SURVEY, brand, catalogs), _CALLS)
    timed = pairs(whole, repeated(bare(brand, catalogs["de"]), _CALLS), _PAIRS)
    note = f"{1_000_000 * min(measured for measured, _ in timed) / _CALLS:.0f} us"
    return [Row("render a mail", ratio(timed), "x", _BUDGET, note)]


def bare(brand: Brand, catalog: Catalog) -> Callable[[], str]:
    """body.html with a plain context: no words chosen, filled in or checked."""
    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True)
    template = environment.get_template("survey/body.html")
    context = {
        "t": lambda key, **_values: catalog[key],
        "locale": "de",
        "brand": brand,
        "surface_dark": SURFACE_DARK,
        "name": _SURVEY.customer_name,
        "occasion": _SURVEY.touchpoint,
        "answer_url": _SURVEY.answer_url,
        "unsubscribe_url": _SURVEY.unsubscribe_url,
    }
    return lambda: template.render(context)
