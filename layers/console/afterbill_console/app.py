"""From a request to an answer: who asks, whether they may, and which page it is."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from importlib import import_module
from typing import cast

from afterbill.model.errors import TransientError, UnreadableError
from afterbill.model.query import QueryError
from afterbill.runtime.http import Request, pairs_of
from afterbill_actions.texts import Texts
from afterbill_console import assets
from afterbill_console.answer import Answer, redirect
from afterbill_console.deps import ConsoleDeps
from afterbill_console.filters import Fault, FiltersError, filters_in, others_in
from afterbill_console.forms import fields_in, is_ours
from afterbill_console.numbers import Numbers
from afterbill_console.pages.routes import ROUTES, Route, home
from afterbill_console.render import Renderer
from afterbill_console.sessions import CHECKED, COOKIE, Session, Ticket, ticket_of
from afterbill_console.sign_in import SignIn
from afterbill_console.texts import language_in, texts
from afterbill_console.visit import Content, Shown, Visit

MOST_QUERY = 4_000
"""Characters of an address after its question mark."""
MOST_BODY = 64_000
"""Bytes of a form."""
LATER = {"Retry-After": "5"}


class Console:
    """The application: its stores, its pages, and the way in."""

    def __init__(
        self, deps: ConsoleDeps, sign_in: SignIn, tell: Callable[[Exception], None] = lambda _error: None
    ) -> None:
        self._deps, self._sign_in, self._tell = deps, sign_in, tell
        self._renderer = Renderer(deps)

    def respond(self, request: Request, cookies: Mapping[str, str], now: datetime) -> Answer:
        """Return the answer to a request; a HEAD is answered as a GET. What fails for now is told, with status 503."""
        request = _well_formed(request)
        try:
            return self._open(request) or self._signed_in(request, cookies, now)
        except TransientError as error:
            self._tell(error)
            return self._renderer.notice(503, "unavailable", language_in(request), LATER)

    def _open(self, request: Request) -> Answer | None:
        """Return the answer where it is the same for everybody."""
        if len(request.raw_query) > MOST_QUERY:
            return self._renderer.notice(414, "too_long", language_in(request))
        if len(request.body) > MOST_BODY:
            return self._renderer.notice(413, "too_large", language_in(request))
        return assets.answer(request, self._deps)

    def _signed_in(self, request: Request, cookies: Mapping[str, str], now: datetime) -> Answer:
        if (way := self._sign_in.answer(request, cookies, now)) is not None:
            return way
        ticket = ticket_of(cookies.get(COOKIE, ""))
        session = self._session(ticket, now) if ticket else None
        if not (ticket and session):
            return self._sign_in.begin(request, now)
        if request.path in {"/", "/app", "/app/"}:
            return redirect(home(session.rights))
        return self._routed(request, session, ticket, now)

    def broken(self, request: Request) -> Answer:
        """Return the page that says that something is broken, and that nothing was changed."""
        return self._renderer.notice(500, "broken", language_in(request))

    def _session(self, ticket: Ticket, now: datetime) -> Session | None:
        """Return the session of a cookie, if it lasts: every few minutes the user pool is asked for its roles again."""
        session = self._deps.sessions.load(ticket.operator, ticket.key)
        if session is None or session.expires_at <= now:
            return None
        if now - session.checked_at < CHECKED:
            return session
        if self._deps.operators.roles(session.operator) != session.roles:
            self._deps.sessions.end_all(session.operator)
            return None
        renewed = replace(session, checked_at=now)
        return renewed if self._deps.sessions.renew(renewed) else None

    def _routed(self, request: Request, session: Session, ticket: Ticket, now: datetime) -> Answer:
        found = [(route, parts) for route in ROUTES if (parts := route.match(request.path)) is not None]
        if not found:
            return self._renderer.notice(404, "not_found", session.language)
        method = "GET" if request.method == "HEAD" else request.method
        chosen = next(((route, parts) for route, parts in found if route.method == method), None)
        if chosen is None:
            return self._renderer.notice(405, "not_allowed", session.language, {"Allow": _allowed(found)})
        try:
            return self._page(*chosen, request, session, ticket, now)
        except UnreadableError:
            return self._renderer.notice(503, "unreadable", session.language, LATER)

    def _page(  # noqa: PLR0913, PLR0917  # all that is known of a request so far
        self, route: Route, parts: Mapping[str, str], request: Request, session: Session, ticket: Ticket, now: datetime
    ) -> Answer:
        if route.right is not None and route.right not in session.rights:
            return self._renderer.notice(403, "forbidden", session.language)
        form: Mapping[str, str] = {}
        if route.method == "POST":
            form = fields_in(request)
            if not is_ours(request, form, ticket, self._deps.origin):
                return self._renderer.notice(403, "stale_form", session.language)
        visit = self._visit(request, parts, session, now, form)
        try:
            visit = replace(visit, filters=filters_in(pairs_of(request), self._deps.rules, visit.today))
            shown = _canonical(route, visit) or self._shown(route, visit)
        except QueryError as error:
            shown = Content("filters_wrong.html", {"faults": _faults(error, visit.t)}, 400)
        return shown if isinstance(shown, Answer) else self._renderer.page(shown, visit, route, ticket)

    def _visit(
        self, request: Request, parts: Mapping[str, str], session: Session, now: datetime, form: Mapping[str, str]
    ) -> Visit:
        """Return the visit, with the usual filters."""
        today = now.astimezone(self._deps.zone).date()
        filters = filters_in((), self._deps.rules, today)
        numbers = Numbers(session.language, self._deps.zone)
        return Visit(session, request, parts, filters, now, today, texts(session.language), numbers, form)

    def _shown(self, route: Route, visit: Visit) -> Shown:
        module, _, function = route.view.partition(":")
        # Each page is imported when it is first opened: a start pays for one of them.
        view = getattr(import_module(f"afterbill_console.pages.{module}"), function)
        return cast("Shown", view(visit, self._deps))


def _canonical(route: Route, visit: Visit) -> Answer | None:
    """Return the way to the one address of what the filter bar's form asks for; None where this is it."""
    given = pairs_of(visit.request)
    own = others_in(given)
    if not (route.filtered and given) or given == [*visit.filters.pairs(), *own]:
        return None
    return redirect(visit.filters.address(visit.request.path, own))


def _faults(error: QueryError, t: Texts) -> list[tuple[str, str]]:
    """Return each parameter that is wrong, and why."""
    if isinstance(error, FiltersError):
        return [(fault.name, t(f"shell.fault_{fault.text}", **_words(fault, t))) for fault in error.wrong]
    return list(error.faults)


def _words(fault: Fault, t: Texts) -> Mapping[str, object]:
    """Return the values of a fault's text, with dimensions by the names that an address has for them."""
    known = fault.values.get("known", ())
    named = [f"{name} ({t.maybe(f'words.dimension_{name}', name)})" for name in known]
    return {**fault.values, "known": ", ".join(named)}


def _allowed(found: list[tuple[Route, Mapping[str, str]]]) -> str:
    methods = {route.method for route, _ in found}
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


def _well_formed(request: Request) -> Request:
    """Return the request without lone surrogates, which no database and no page can hold."""
    query = {_whole(name): _whole(value) for name, value in request.query.items()}
    return replace(request, path=_whole(request.path), raw_query=_whole(request.raw_query), query=query)


def _whole(text: str) -> str:
    return text.encode(errors="replace").decode()
