"""A Cognito of our own: login pages that answer at once, and a token endpoint that is as strict as theirs."""

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from afterbill_console.app import Console
from afterbill_console.cognito_sign_in import CognitoSignIn, Place
from afterbill_console.render import Renderer
from afterbill_dev.console.world import ORIGIN, World, request_for

ISSUER = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Abc"
PLACE = Place(ORIGIN, "https://login.example.com", ISSUER, "client")
SUB = "5f2c8f0e-7d6b-4a3c-9e1d-0b2a4c6e8f10"


@dataclass
class Reply:
    status: int
    body: bytes


@dataclass
class Cognito:
    """Http; `claims` overrides those of the next id token, None leaves one out."""

    now: datetime
    groups: list[Any] = field(default_factory=lambda: ["admin"])
    claims: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    answers: list[Reply | Exception] = field(default_factory=list)
    """Answers that the token endpoint gives instead, in their order."""

    def login(self, place: str) -> str:
        """Sign in at the login page of this address; the address that it leads back to."""
        asked = dict(parse_qsl(urlsplit(place).query))
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return f"/app/callback?code={code}&state={asked['state']}"

    def send(self, method: str, url: str, headers: dict[str, str], body: bytes = b"") -> Reply:
        assert (method, url) == ("POST", f"{PLACE.sign_in}/oauth2/token")
        assert headers["Content-Type"] == "application/x-www-form-urlencoded"
        if self.answers:
            said = self.answers.pop(0)
            if isinstance(said, Exception):
                raise said
            return said
        form = dict(parse_qsl(body.decode()))
        asked = self.codes.pop(form["code"], None)
        if asked is None or not self._proven(asked, form):
            return Reply(400, b'{"error": "invalid_grant"}')
        return Reply(200, json.dumps({"id_token": self.token(asked["nonce"]), "access_token": "a"}).encode())

    def _proven(self, asked: dict[str, str], form: dict[str, str]) -> bool:
        challenge = text(sha256(form["code_verifier"].encode()).digest())
        same = all(asked[name] == form[name] for name in ("client_id", "redirect_uri"))
        return asked["code_challenge_method"] == "S256" and asked["code_challenge"] == challenge and same

    def token(self, nonce: str) -> str:
        usual = {"iss": ISSUER, "aud": "client", "token_use": "id", "nonce": nonce, "sub": SUB}
        usual |= {"exp": int((self.now + timedelta(minutes=5)).timestamp()), "cognito:groups": self.groups}
        claims = {name: value for name, value in {**usual, **self.claims}.items() if value is not None}
        return f"e30.{text(json.dumps(claims).encode())}.c2lnbmF0dXJl"


def text(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


@dataclass
class Browser:
    """A browser before the console of a world: it keeps cookies, and follows nothing by itself."""

    world: World
    cognito: Cognito
    cookies: dict[str, str] = field(default_factory=dict)
    logged: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    drawn: int = 0

    def __post_init__(self) -> None:
        self.way = CognitoSignIn(
            PLACE, self.world.sessions, self.cognito, Renderer(self.world.deps), self._random, self._log
        )
        self.console = Console(self.world.deps, self.way)

    def _random(self, size: int) -> bytes:
        self.drawn += 1
        return sha256(str(self.drawn).encode()).digest()[:size]

    def _log(self, message: str, **more: Any) -> None:
        self.logged.append((message, more))

    def open(self, place: str, method: str = "GET", body: bytes = b"", **headers: str) -> Any:
        answer = self.console.respond(request_for(method, place, headers, body), dict(self.cookies), self.world.now)
        for cookie in answer.cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            if "Max-Age=0;" in cookie:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer

    def sign_in(self, place: str = "/app") -> Any:
        """Open a page, sign in at the login page, come back."""
        return self.open(self.cognito.login(self.open(place).headers["Location"]))
