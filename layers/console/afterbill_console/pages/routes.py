"""Every address of the console: which right it needs, and which function answers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from afterbill_console.roles import Right


@dataclass(frozen=True, slots=True)
class Route:
    """An address; `{id}` in its path stands for one part. `view` names a module of this package and its function.

    `right` None: everybody who is signed in. `nav` is the page's place in the menu, None for what is reached from
    another page. `filtered`: the filter bar stands above it.
    """

    path: str
    view: str
    right: Right | None = None
    method: str = "GET"
    nav: str | None = None
    filtered: bool = False

    def match(self, path: str) -> Mapping[str, str] | None:
        """Return the parts of a path that vary; None where it is another path."""
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]{1,200})", self.path)
        found = re.fullmatch(pattern, path)
        return found.groupdict() if found else None


ROUTES: tuple[Route, ...] = (
    Route("/app/overview", "overview:show", Right.FIGURES, nav="overview", filtered=True),
    Route("/app/journey", "journey:show", Right.FIGURES, nav="journey", filtered=True),
    Route("/app/segments", "segments:show", Right.FIGURES, nav="segments", filtered=True),
    Route("/app/drivers", "drivers:show", Right.FIGURES, nav="drivers", filtered=True),
    Route("/app/revenue", "revenue:show", Right.FIGURES, nav="revenue", filtered=True),
    Route("/app/coverage", "coverage:show", Right.FIGURES, nav="coverage", filtered=True),
    Route("/app/responses", "responses:show", Right.COMMENTS, nav="responses"),
    Route("/app/responses", "responses:mark", Right.PEOPLE, method="POST"),
    Route("/app/responses/export", "responses_export:show", Right.COMMENTS),
    Route("/app/responses/{id}", "responses:one", Right.COMMENTS),
    Route("/app/responses/{id}", "responses:change", Right.PEOPLE, method="POST"),
    Route("/app/customers", "customers:search", Right.PEOPLE, nav="customers"),
    Route("/app/tasks", "tasks:show", Right.PEOPLE, nav="tasks"),
    Route("/app/actions", "actions:show", Right.PEOPLE, nav="actions"),
    Route("/app/privacy", "privacy:show", Right.STACK, nav="privacy"),
    Route("/app/health", "health:show", Right.STACK, nav="health"),
    Route("/app/settings", "settings:show", Right.STACK, nav="settings"),
    Route("/app/customers", "customers:find", Right.PEOPLE, method="POST"),
    Route("/app/customers/{id}", "customers:story", Right.PEOPLE),
    Route("/app/tasks", "tasks:done", Right.PEOPLE, method="POST"),
    Route("/app/actions", "actions:change", Right.PEOPLE, method="POST"),
    Route("/app/privacy/audit", "privacy:audit", Right.STACK),
    Route("/app/me", "me:show"),
    Route("/app/me", "me:change", method="POST"),
)
"""In the order of the menu."""


def home(rights: frozenset[Right]) -> str:
    """Return the first page that somebody with these rights may open; without any, the page about oneself."""
    return next((route.path for route in ROUTES if route.nav and route.right in rights), "/app/me")
