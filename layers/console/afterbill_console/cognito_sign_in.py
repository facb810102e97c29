"""The way in by Cognito's managed login (authorization code with PKCE), and the way out.

Nothing is stored until somebody is signed in: a cookie of ten minutes holds what proves the attempt.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, quote, urlencode

from afterbill.model.errors import PayloadError, TransientError
from afterbill.runtime.http import Request
from afterbill_console import attempt as attempts
from afterbill_console.answer import Answer, redirect
from afterbill_console.assets import PREFIX
from afterbill_console.attempt import HOME, Attempt
from afterbill_console.forms import fields_in, from_here, is_ours
from afterbill_console.id_token import Expected, Member, TokenError, member_of
from afterbill_console.ports import Http, Sessions
from afterbill_console.render import Renderer
from afterbill_console.sessions import COOKIE, LONGEST, Session, Ticket, ticket_of
from afterbill_console.texts import language_in
from afterbill_console.visit import Content

SIGN_IN, CALLBACK, SIGN_OUT, SIGNED_OUT = "/app/sign-in", "/app/callback", "/app/sign-out", "/app/signed-out"

_CODE = re.compile(r"[A-Za-z0-9._~-]{1,2048}")
_REFUSED = "access_denied"
_LONGEST_FIELD = 20_000
_SUCCESS = 200
_BAD_REQUEST = 400


@dataclass(frozen=True, slots=True)
class Place:
    """The addresses of both ends: `origin` is the console's, `sign_in` that of the login pages, both without a path."""

    origin: str
    sign_in: str
    issuer: str
    client: str

    def login(self, attempt: Attempt, language: str) -> str:
        """Return the address of the login page for an attempt."""
        return self._at(
            "/oauth2/authorize",
            response_type="code",
            client_id=self.client,
            redirect_uri=f"{self.origin}{CALLBACK}",
            scope="openid",
            state=attempt.state,
            nonce=attempt.nonce,
            code_challenge=attempt.challenge,
            code_challenge_method="S256",
            lang=language,
        )

    @property
    def logout(self) -> str:
        """The address at which the login pages forget somebody, who then comes back to us."""
        return self._at("/logout", client_id=self.client, logout_uri=f"{self.origin}{SIGNED_OUT}")

    @property
    def token(self) -> str:
        """The address at which a code is swapped."""
        return f"{self.sign_in}/oauth2/token"

    def _at(self, path: str, **query: str) -> str:
        return f"{self.sign_in}{path}?{urlencode(query, quote_via=quote)}"


class SignInError(Exception):
    """Nobody was signed in: the page that says so, its status, and what the log says."""

    def __init__(self, name: str, status: int, reason: str) -> None:
        super().__init__(reason)
        self.name, self.status, self.reason = name, status, reason


@dataclass(frozen=True, slots=True)
class CognitoSignIn:
    """SignIn by the user pool; `random` gives so many bytes, `log` tells operators of the stack, and names nobody.

    `preferred` is the language that an operator chose, empty for the browser's.
    """

    place: Place
    sessions: Sessions
    http: Http
    pages: Renderer
    random: Callable[[int], bytes]
    log: Callable[..., None]
    preferred: Callable[[str], str] = lambda _operator: ""

    def answer(self, request: Request, cookies: Mapping[str, str], now: datetime) -> Answer | None:
        """Answer at the addresses of signing in and out."""
        reads = request.method in {"GET", "HEAD"}
        if request.path == SIGN_IN and reads:
            return self._begin(request, HOME, now)
        if request.path == CALLBACK and reads:
            return self._complete(request, cookies, now)
        if request.path == SIGNED_OUT and reads:
            return self._page("signed_out", 200, request)
        if request.path == SIGN_OUT and request.method == "POST":
            return self._end(request, cookies)
        if request.path in {SIGN_IN, CALLBACK, SIGN_OUT, SIGNED_OUT}:
            allowed = {"Allow": "POST" if request.path == SIGN_OUT else "GET, HEAD"}
            return self.pages.notice(405, "not_allowed", language_in(request), allowed)
        return None

    def begin(self, request: Request, now: datetime) -> Answer:
        """Lead to the login page and back to where somebody wanted to go; what a form held is shown again."""
        if request.path.startswith(PREFIX):
            return self.pages.notice(404, "not_found", language_in(request))
        # A part of a page begins nothing: it would take the place of the attempt that somebody is at.
        whole = request.headers.get("sec-fetch-dest", "document") == "document"
        if request.method in {"GET", "HEAD"} and whole:
            query = f"?{request.raw_query}" if request.raw_query else ""
            return self._begin(request, quote(request.path, safe="/%~:@!$&'()*+,;=") + query, now)
        sent = fields_in(request) if from_here(request, self.place.origin) else {}
        kept = {name: text[:_LONGEST_FIELD] for name, text in sent.items() if name != "token" and text.strip()}
        return self._page("over", 403, request, fields=kept)

    # In

    def _begin(self, request: Request, place: str, now: datetime) -> Answer:
        attempt = attempts.begin(self.random(32), place, now)
        cookie = _cookie(attempts.COOKIE, attempt.cookie, attempts.LASTS)
        return redirect(self.place.login(attempt, language_in(request)), [cookie])

    def _complete(self, request: Request, cookies: Mapping[str, str], now: datetime) -> Answer:
        """Sign somebody in, or say why not; either way the attempt is over."""
        over = _cookie(attempts.COOKIE, "", timedelta())
        attempt = attempts.attempt_of(cookies.get(attempts.COOKIE, ""))
        try:
            member = self._member(request, attempt, now)
        except SignInError as error:
            self.log("not signed in", reason=error.reason)
            page = self._page(error.name, error.status, request, attempt.place if attempt else HOME)
            return replace(page, cookies=[over])
        ticket = self._session(member, request, cookies, now)
        self.log("signed in", operator=member.operator, roles=sorted(member.roles))
        place = attempt.place if attempt else HOME
        return redirect(place, [_cookie(COOKIE, str(ticket), LONGEST), over])

    def _member(self, request: Request, attempt: Attempt | None, now: datetime) -> Member:
        asked = dict(parse_qsl(request.raw_query, keep_blank_values=True))
        if attempt is None or not attempt.lasts(now) or not attempt.proven_by(asked.get("state", "")):
            raise SignInError("stale", 400, "state")
        if "error" in asked:
            refused = asked["error"] == _REFUSED
            raise SignInError("refused" if refused else "failed", 403 if refused else 502, "login page")
        if not _CODE.fullmatch(asked.get("code", "")):
            raise SignInError("stale", 400, "code")
        try:
            expected = Expected(self.place.issuer, self.place.client)
            member = member_of(self._id_token(asked["code"], attempt), expected, attempt.nonce, now)
        except TokenError as error:
            raise SignInError("failed", 502, f"claim {error}") from error
        if not member.roles:
            raise SignInError("no_role", 403, "no role")
        return member

    def _id_token(self, code: str, attempt: Attempt) -> str:
        """Swap the code at the token endpoint; a code is good once, and for five minutes."""
        form = {
            "grant_type": "authorization_code",
            "client_id": self.place.client,
            "code": code,
            "redirect_uri": f"{self.place.origin}{CALLBACK}",
            "code_verifier": attempt.verifier,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        try:
            reply = self.http.send("POST", self.place.token, headers, urlencode(form).encode())
        except (TransientError, PayloadError) as error:
            raise SignInError("unreachable", 503, str(error)) from error
        fields = _object(reply.body)
        if reply.status == _BAD_REQUEST and fields.get("error") == "invalid_grant":
            raise SignInError("stale", 400, "invalid_grant")
        token = fields.get("id_token")
        if reply.status != _SUCCESS or not isinstance(token, str):
            raise SignInError("failed", 502, f"token endpoint: {reply.status}")
        return token

    def _session(self, member: Member, request: Request, cookies: Mapping[str, str], now: datetime) -> Ticket:
        """Store a new session, whose secret nobody had before; the one that this browser had ends."""
        if earlier := ticket_of(cookies.get(COOKIE, "")):
            self.sessions.end(earlier.operator, earlier.key)
        ticket = Ticket(member.operator, attempts.text_of(self.random(32)))
        language = self.preferred(member.operator) or language_in(request)
        self.sessions.store(Session(member.operator, ticket.key, member.roles, language, now, now))
        return ticket

    # Out

    def _end(self, request: Request, cookies: Mapping[str, str]) -> Answer:
        """End the session; the browser goes on to Cognito from a page.

        Not by a redirect: browsers take one that follows a form for a part of it, and our pages let forms go to
        ourselves alone (Content Security Policy Level 3, form-action).
        """
        ticket = ticket_of(cookies.get(COOKIE, ""))
        if ticket and not is_ours(request, fields_in(request), ticket, self.place.origin):
            return self.pages.notice(403, "stale_form", language_in(request))
        if ticket:
            self.sessions.end(ticket.operator, ticket.key)
            self.log("signed out", operator=ticket.operator)
        page = self._page("leaving", 200, request)
        forgotten = [_cookie(name, "", timedelta()) for name in (COOKIE, attempts.COOKIE)]
        return replace(page, headers={**page.headers, "Refresh": f"0; url={self.place.logout}"}, cookies=forgotten)

    def _page(
        self, name: str, status: int, request: Request, place: str = HOME, fields: Mapping[str, str] | None = None
    ) -> Answer:
        shown = {"name": name, "place": place, "logout": self.place.logout, "fields": fields or {}}
        page = self.pages.alone(Content("sign_in.html", shown, status), language_in(request))
        return replace(page, headers={**page.headers, "Retry-After": "30"}) if name == "unreachable" else page


def _cookie(name: str, value: str, lasts: timedelta) -> str:
    """Return a cookie of this host alone: the prefix has browsers insist on it (RFC 6265bis, section 4.1.3.2)."""
    return f"{name}={value}; Path=/; Max-Age={int(lasts.total_seconds())}; Secure; HttpOnly; SameSite=Lax"


def _object(body: bytes) -> Mapping[str, object]:
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}
