"""From content to HTML: the layout with its menu and its filter bar."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from afterbill.insight.reports.asked import OWN
from afterbill.model.questions import Question
from afterbill.runtime.http import pairs_of
from afterbill_actions.texts import LANGUAGES
from afterbill_console import assets
from afterbill_console.answer import HEADERS, Answer
from afterbill_console.deps import ConsoleDeps
from afterbill_console.filters import months, others_in
from afterbill_console.links import feed_link
from afterbill_console.names import value
from afterbill_console.pages.routes import ROUTES, Route
from afterbill_console.roles import Right
from afterbill_console.sessions import Ticket
from afterbill_console.texts import texts
from afterbill_console.visit import Content, Visit

TEMPLATES = Path(__file__).with_name("templates")


GROUPS: Mapping[str, Collection[Right]] = {
    "figures": {Right.FIGURES},
    "people": {Right.COMMENTS, Right.PEOPLE},
    "stack": {Right.STACK},
}
"""The parts of the menu, and the rights that the pages of each need."""


def menu(rights: Collection[Right]) -> list[tuple[str, list[Route]]]:
    """Return the pages that somebody with these rights may open, in the parts of the menu; no part is empty."""
    shown = [route for route in ROUTES if route.nav and route.right in rights]
    parts = [(name, [route for route in shown if route.right in needed]) for name, needed in GROUPS.items()]
    return [(name, routes) for name, routes in parts if routes]


def coded(text: str) -> Markup:
    """Return a text as HTML in which what stands between `backticks` is set as code."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704  # it was just escaped


class Renderer:
    """Fills templates; everything that is not a template's own is escaped."""

    def __init__(self, deps: ConsoleDeps) -> None:
        self._deps = deps
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES, encoding="utf-8"),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["coded"] = coded
        self._environment.globals["value_of"] = value

    def page(self, content: Content, visit: Visit, route: Route, ticket: Ticket) -> Answer:
        """Return a page in the layout, for somebody who is signed in."""
        html = self._environment.get_template(content.template).render(
            **self._common(visit.session.language),
            menu=menu(visit.session.rights),
            route=route,
            visit=visit,
            filters=visit.filters,
            feed=feed_link(visit.filters),
            numbers=visit.numbers,
            token=ticket.form_token,
            bar=self._bar(visit) if route.filtered else {},
            **content.variables,
        )
        beside = {"Refresh": str(content.refresh)} if content.refresh else {}
        return Answer(content.status, html, {**HEADERS, **beside})

    def notice(self, status: int, name: str, language: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Return a page without a menu, which says one thing: texts `notice_<name>_title` and `notice_<name>_text`."""
        template = self._environment.get_template("notice.html")
        return Answer(status, template.render(**self._common(language), name=name), {**HEADERS, **(headers or {})})

    def _bar(self, visit: Visit) -> Mapping[str, Any]:
        """Return what the filter bar offers, and the parameters of the page itself, which it carries on."""
        return {
            "months": months(visit.today),
            "questions": [question.value for question in Question],
            "dimensions": (*OWN, *self._deps.rules.segments),
            "carried": others_in(pairs_of(visit.request)),
        }

    def alone(self, content: Content, language: str) -> Answer:
        """Return a page without a menu, for somebody who is not signed in."""
        template = self._environment.get_template(content.template)
        return Answer(content.status, template.render(**self._common(language), **content.variables), HEADERS)

    def _common(self, language: str) -> dict[str, Any]:
        return {
            "t": texts(language),
            "language": language if language in LANGUAGES else LANGUAGES[0],
            "company": self._deps.company,
            "icon": assets.place("console.svg", self._deps),
            "style": assets.place("console.css", self._deps),
            "script": assets.place("console.js", self._deps),
        }
