"""The contract between one billing system and everything else: the parts that a package of `connectors` offers.

docs/extend.md shows how to write one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from afterbill.model.webhooks import Refusal, Reply, Source, Webhook

if TYPE_CHECKING:  # receiving starts without the rest of the domain
    from datetime import datetime

    from afterbill.model.billing import BillingEvent, ObjectReference, OperatorTask, ParsedElement


class Address(StrEnum):
    """The origin of a customer's mail address."""

    PAYLOAD = "in the webhook"
    SOME = "in some webhooks"
    MIXED = "in some webhooks, else from the API"
    API = "from the API"


@dataclass(frozen=True, slots=True)
class SecretShape:
    """The shape of a signing secret; the patterns are regular expressions for the whole secret."""

    words: str = "any text of your choice, best 16 characters or more"
    #: a secret that does not match verifies nothing
    must: str = r".+"
    #: a secret that does not match is probably another one
    usual: str = r".{16,}"
    #: what is easily taken for it, by its beginning
    mistaken: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class About:
    """Facts that an operator needs to connect the billing system; `afterbill source` and the doctor show them."""

    title: str
    #: in a few words: how a webhook proves who sent it
    proof: str
    address: Address
    #: what goes into the list of signing secrets
    secret: str
    #: where in the billing system the webhook's address is entered
    register: str
    #: events to choose there, every one that `normalise` reads
    events: tuple[str, ...]
    #: what the billing system sends before the first event; empty: nothing
    handshake: str = ""
    #: webhooks are forms, not JSON
    forms: bool = False
    #: header that tells the kind of event, where the body does not
    topic: str = ""
    #: there is a signing secret
    signed: bool = True
    shape: SecretShape = SecretShape()
    #: signing secrets that are tried, newest first
    secrets_kept: int = 5
    #: settings in surveys.toml without which it cannot work, and what to enter
    needs: Mapping[str, str] = field(default_factory=dict)
    #: what no document and no recorded payload has confirmed
    unverified: tuple[str, ...] = ()


class Login(StrEnum):
    """Ways to log in to an API, named after what the credentials hold."""

    KEY = "key"
    """`{"key"}` as a bearer token."""
    KEY_AS_USER = "key_as_user"
    """`{"key"}` as the user of HTTP Basic, without a password."""
    KEY_IN_HEADER = "key_in_header"
    """`{"key"}` in the header that `Api.key_header` names."""
    CLIENT = "client"
    """OAuth 2 client credentials: `{"client_id", "client_secret"}`."""
    CONSENT = "consent"
    """OAuth 2 with a refresh token that changes at every use: client id and secret, and a person's consent."""

    @property
    def buys_tokens(self) -> bool:
        """Tell whether requests bear a token that has to be fetched first."""
        return self in {Login.CLIENT, Login.CONSENT}

    @property
    def credentials(self) -> tuple[str, ...]:
        """Names of the values that an operator stores."""
        return ("client_id", "client_secret") if self.buys_tokens else ("key",)


@dataclass(frozen=True, slots=True)
class Api:
    """The API of a billing system. `{account}` in an address stands for the account of the source."""

    url: str
    login: Login
    #: for sources that are sandboxes, where they have an address of their own
    sandbox_url: str = ""
    #: sent with every request
    headers: Mapping[str, str] = field(default_factory=dict)
    #: for Login.KEY_IN_HEADER
    key_header: str = ""
    token_url: str = ""
    sandbox_token_url: str = ""
    #: the token address takes client id and secret as fields of the form, not as HTTP Basic
    client_in_form: bool = False
    #: for Login.CONSENT: where a person agrees, and to what
    consent_url: str = ""
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, bought with client credentials or with a person's consent."""

    access: str = field(repr=False)
    #: buys the next token, once
    refresh: str = field(repr=False, default="")
    expires_at: "datetime | None" = None


class Call(Protocol):
    """Requests to the API of one source, at its configured host and nowhere else."""

    def __call__(  # noqa: PLR0913  # what a request is made of
        self,
        path: str,
        *,
        query: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] = ...,
        method: str = "GET",
        body: bytes = b"",
        content_type: str = "application/json",
    ) -> object | None:
        """Return the JSON of the answer, None where there is no such object (404, 410).

        Raises TransientError when the API did not answer or wants to be left alone for now, PayloadError when it
        cannot take this request, ConfigurationError when it refuses our credentials.
        """


class Verify(Protocol):
    """The check of a signature."""

    def __call__(self, webhook: Webhook, secrets: Sequence[str], now: "datetime") -> Refusal | None:
        """Return why these bytes are not trusted, None if they are; never raise, whatever headers and secrets hold.

        Any of the secrets may have signed.
        """


class Poller(Protocol):
    """Requests to a billing system that sends no webhooks."""

    def fetch(self, source: Source, call: Call) -> Iterable[tuple[str, bytes]]:
        """Yield id and body of everything not yet processed; `normalise` reads the body later."""

    def acknowledge(self, ids: Sequence[str], source: Source, call: Call) -> None:
        """Tell the billing system that these are processed; called once their bodies are durable."""


_ACCEPTED, _REFUSED = Reply(202), Reply(401)
_MOST_UNPROVEN_BYTES = 2_000
"""Room for an id or a verifier, with twice as much beside it as a billing system sends."""


def _no_handshake(_webhook: Webhook, _secrets: Sequence[str]) -> Reply | None:
    return None


def _never(_webhook: Webhook) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Connector:
    """The parts of a connector, under the names that its package gives them. A part with a default may be left out."""

    #: tells an operator how to connect it
    ABOUT: About
    #: lower-case names of the headers that `normalise` and `confirm` read; the inbox keeps no others
    HEADERS: frozenset[str]
    #: returns why the bytes are not trusted, None if they are; never raises
    verify: Verify
    #: returns what a webhook reports, nothing for a kind that means nothing here; raises PayloadError for a body that
    #: is no event of this system, and puts one in the place of an element of a batch that cannot be read
    normalise: "Callable[[Webhook, Source], tuple[ParsedElement, ...]]"
    #: returns a webhook as the billing system would sign it, for tests and `afterbill source test`
    sign: Callable[[Webhook, str], Webhook]
    #: methods by which webhooks and handshakes come; any other is answered with 405
    METHODS: tuple[str, ...] = ("POST",)
    #: returns the reply to a handshake, None for every other webhook; may be called before there is a secret
    handshake: Callable[[Webhook, Sequence[str]], Reply | None] = _no_handshake
    #: reply to a webhook that is in the inbox
    ACCEPTED: Reply = _ACCEPTED
    #: reply to a webhook that is not trusted
    REFUSED: Reply = _REFUSED
    #: how its API is reached; None: it is never asked
    API: Api | None = None
    #: asks the API what happened to an object that `normalise` only refers to; a task where the API cannot tell either
    resolve: "Callable[[ObjectReference, Source, Call], tuple[BillingEvent | OperatorTask, ...]] | None" = None
    #: returns the event with its customer as the API knows them, and with the money where that was missing
    find_customer: "Callable[[BillingEvent, Source, Call], BillingEvent] | None" = None
    #: asks the API whether it sent this webhook, where `verify` cannot tell
    confirm: Callable[[Webhook, Source, Call], bool] | None = None
    #: tells whether nobody vouches for this webhook, so that no copy of it is kept as evidence
    is_unsigned: Callable[[Webhook], bool] = _never
    #: largest body of a webhook that proves nothing on arrival
    MOST_UNPROVEN_BYTES: int = _MOST_UNPROVEN_BYTES
    #: for a system without webhooks
    poller: Poller | None = None

    def proves_nothing(self, webhook: Webhook) -> bool:
        """Tell whether anybody could have sent what `verify` let through: the API or a person has to vouch for it."""
        return self.confirm is not None or self.is_unsigned(webhook)
