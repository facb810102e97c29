"""From a request to an answer: who asks, whether they may, and which page it is."""

import hmac
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from importlib import import_module
from typing import Any, cast
from urllib.parse import parse_qsl

from afterbill.model.query import QueryError
from afterbill.runtime.http import Request, pairs_of
from afterbill_console import assets
from afterbill_console.answer import Answer, redirect
from afterbill_console.deps import ConsoleDeps
from afterbill_console.filters import Filters, filters_in
from afterbill_console.numbers import Numbers
from afterbill_console.pages.routes import ROUTES, Route, home
from afterbill_console.render import Renderer
from afterbill_console.sessions import CHECKED, COOKIE, Session, Ticket, ticket_of
from afterbill_console.sign_in import SignIn
from afterbill_console.texts import LANGUAGES, texts
from afterbill_console.visit import Content, Shown, Visit

MOST_FIELDS = 50


class Console:
    """The application: its stores, its pages, and the way in."""

    def __init__(self, deps: ConsoleDeps, sign_in: SignIn) -> None:
        self._deps, self._sign_in = deps, sign_in
        self._renderer = Renderer(deps)

    def respond(self, request: Request, cookies: Mapping[str, str], now: datetime) -> Answer:
        """Return the answer to a request; a HEAD is answered as a GET."""
        if (file := assets.answer(request, self._deps)) is not None:
            return file
        if (way := self._sign_in.answer(request, cookies, now)) is not None:
            return way
        language = _language(request)
        ticket = ticket_of(cookies.get(COOKIE, ""))
        session = self._session(ticket, now) if ticket else None
        if not (ticket and session):
            return self._sign_in.begin(request, now)
        if request.path in {"/app", "/app/"}:
            return redirect(home(session.rights))
        method = "GET" if request.method == "HEAD" else request.method
        found = [(route, parts) for route in ROUTES if (parts := route.match(request.path)) is not None]
        if not found:
            return self._renderer.notice(404, "not_found", session.language or language)
        chosen = next(((route, parts) for route, parts in found if route.method == method), None)
        if chosen is None:
            return self._renderer.notice(405, "not_allowed", session.language, {"Allow": "GET, HEAD, POST"})
        return self._page(chosen, request, session, ticket, now)

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

    def _page(
        self, chosen: tuple[Route, Mapping[str, str]], request: Request, session: Session, ticket: Ticket, now: datetime
    ) -> Answer:
        route, parts = chosen
        if route.right is not None and route.right not in session.rights:
            return self._renderer.notice(403, "forbidden", session.language)
        form: Mapping[str, str] = {}
        if route.method == "POST":
            form = dict(parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True)[:MOST_FIELDS])
            if not self._ours(request, form, ticket):
                return self._renderer.notice(403, "stale_form", session.language)
        today = now.astimezone(self._deps.zone).date()
        filters, faults = self._filters(request, today)
        visit = Visit(
            session,
            request,
            parts,
            filters,
            now,
            today,
            texts(session.language),
            Numbers(session.language, self._deps.zone),
            form,
        )
        if faults:
            return self._renderer.page(Content("filters_wrong.html", {"faults": faults}, 400), visit, route, ticket)
        shown = self._shown(route, visit)
        return shown if isinstance(shown, Answer) else self._renderer.page(shown, visit, route, ticket)

    def _ours(self, request: Request, form: Mapping[str, str], ticket: Ticket) -> bool:
        """Return whether a form comes from a page of ours: by its token, and by where the browser says it comes from."""
        sent_from = request.headers.get("origin", self._deps.origin)
        return sent_from == self._deps.origin and hmac.compare_digest(form.get("token", ""), ticket.form_token)

    def _filters(self, request: Request, today: Any) -> tuple[Filters, tuple[tuple[str, str], ...]]:  # noqa: ANN401
        try:
            return filters_in(pairs_of(request), self._deps.rules, today), ()
        except QueryError as error:
            return filters_in((), self._deps.rules, today), error.faults

    def _shown(self, route: Route, visit: Visit) -> Shown:
        module, _, function = route.view.partition(":")
        # Each page is imported when it is first opened: a start pays for one of them.
        view = getattr(import_module(f"afterbill_console.pages.{module}"), function)
        return cast("Shown", view(visit, self._deps))


def _language(request: Request) -> str:
    wanted = request.headers.get("accept-language", "").lower()
    return min(LANGUAGES, key=lambda name: wanted.find(name) if name in wanted else len(wanted) + 1)
