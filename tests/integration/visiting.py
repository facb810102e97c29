"""Visits of the console on the stack: the way in through a login page that asks nothing."""

import json
import sys
from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.integration.calling import by
from tests.integration.samples import now, sample, with_headers
from tests.integration.stack import CONSOLE, Stack
from tests.servers import Pool
from tests.user_pool import POOL, REGION


class Visitor:
    """A browser with its cookies, before the function."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.handler = stack, stack.load("show_console")
        self.cookies: dict[str, str] = {}

    def open(self, place: str, method: str = "GET", body: str = "", **headers: str) -> dict[str, Any]:
        """Open an address, and keep what it sets."""
        path, _, query = place.partition("?")
        event = sample("api/console_get", PATH=path, QUERY=query)
        event["cookies"] = [f"{name}={value}" for name, value in self.cookies.items()]
        answer = self.handler(by(method, with_headers(event | {"body": body}, **headers)))
        for cookie in answer["cookies"]:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies.pop(name, None)
            self.cookies |= {name: value} if value else {}
        return dict(answer)

    def sign_in(self, operator: str) -> dict[str, Any]:
        """Sign in as somebody of the pool, with the groups as they are now."""
        asked = dict(parse_qsl(urlsplit(self.open("/app/sign-in")["headers"]["Location"]).query))
        app: Any = sys.modules["functions.show_console.app"]
        token = {"id_token": self._token(operator, asked["nonce"])}
        app._tokens.pool = Pool([(200, json.dumps(token).encode())])
        return self.open(f"/app/callback?code=c&state={asked['state']}")

    def _token(self, operator: str, nonce: str) -> str:
        claims = {
            "iss": f"https://cognito-idp.{REGION}.amazonaws.com/{POOL}",
            "aud": "client",
            "token_use": "id",
            "exp": (now() + timedelta(minutes=5)).timestamp(),
            "nonce": nonce,
            "sub": operator,
            "cognito:groups": self.stack.users.users[operator]["groups"],
        }
        return f"e30.{urlsafe_b64encode(json.dumps(claims).encode()).decode()}.c2ln"

    def sign_out(self) -> dict[str, Any]:
        """Send the form of the page's head."""
        return self.send("/app/sign-out")

    def send(self, place: str, /, **fields: str) -> dict[str, Any]:
        """Send a form, as a page of the console holds it."""
        page = self.open("/app/me")["body"]
        token = page.partition('name="token" value="')[2].partition('"')[0]
        return self.open(place, "POST", urlencode({"token": token, **fields}), origin=CONSOLE)
