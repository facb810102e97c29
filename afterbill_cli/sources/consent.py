"""`afterbill source consent`: a person lets the stack read the billing system's API (OAuth 2, authorisation code)."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from afterbill.adapters.aws.tokens import ApiCredentials
from afterbill.adapters.http.billing_login import request_token
from afterbill.adapters.http.http_client import HttpClient
from afterbill.connectors import registry
from afterbill.intake.connector import Api, Login, Token
from afterbill.model.errors import AfterbillError, ConfigurationError
from afterbill.model.webhooks import Source
from afterbill_cli.deployed import Deployed
from afterbill_cli.sources import stack_secrets
from afterbill_cli.sources.terminal import Terminal

REDIRECT = "https://localhost/afterbill"
"""No server has to answer there: the person copies the address from the browser."""


@dataclass(frozen=True, slots=True)
class Question:
    """The request for consent; `state` ties the answer to it."""

    api: Api
    client_id: str
    redirect: str
    state: str

    @property
    def url(self) -> str:
        """The address at which the person consents."""
        wanted = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect,
            "scope": " ".join(self.api.scopes),
            "state": self.state,
        }
        query = urlencode({name: value for name, value in wanted.items() if value}, quote_via=quote)
        return f"{self.api.consent_url}?{query}"

    def code_in(self, address: str) -> str:
        """The code in the address the browser ended at; an error where that is no answer to this very question."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(address.strip()).query).items()}
        if not hmac.compare_digest(query.get("state", "").encode(), self.state.encode()):
            raise AfterbillError("that address does not answer the one shown above: its state differs; start again")
        if "code" not in query:
            raise AfterbillError(f"no consent was given: {query.get('error', 'the address holds no code')}")
        return query["code"]


def ask(
    source: Source, deployed: Deployed, terminal: Terminal, *, redirect: str = REDIRECT, http: HttpClient | None = None
) -> int:
    """Show where to consent, take the address the browser ends at, and store the tokens."""
    api = _api(source)
    client = _client(source, deployed)
    question = Question(api, client["client_id"], redirect, secrets.token_urlsafe(24))
    terminal.show(f"The application must be registered with this redirect address: {redirect}")
    terminal.show("Open this, consent, then copy the address the browser ends at, whatever page it shows:")
    terminal.show(question.url)
    code = question.code_in(terminal.ask("It ended at: "))
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect}
    token = request_token(http or HttpClient(), (source, api), client, form, datetime.now(UTC))
    _keep(token, source, deployed)
    terminal.show(f"Stored. From now on the API of {source.name} can be read.")
    return 0


def _keep(token: Token | None, source: Source, deployed: Deployed) -> None:
    if token is None or not token.refresh:
        raise AfterbillError("the code was not taken: it lives for minutes and counts once; start again")
    stack_secrets.tokens(deployed).keep(source.name, token)


def _api(source: Source) -> Api:
    api = registry.load(source.provider).API
    if api is None or api.login is not Login.CONSENT:
        raise ConfigurationError(f"{source.provider} needs nobody's consent")
    return api


def _client(source: Source, deployed: Deployed) -> dict[str, str]:
    client = dict(ApiCredentials(stack_secrets.secret(deployed, "ApisSecretArn")).of(source.name))
    if not (client.get("client_id") and client.get("client_secret")):
        raise ConfigurationError(
            f"no client_id and client_secret for {source.name}: `afterbill source add` asks for them"
        )
    return client
