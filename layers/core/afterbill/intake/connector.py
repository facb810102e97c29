"""What a module of `providers` offers: the contract between one billing system and everything else."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from afterbill.model.webhooks import Refusal, Reply, Source, Webhook

if TYPE_CHECKING:  # receiving starts without the rest of the domain
    from datetime import datetime

    from afterbill.model.billing import BillingEvent, ObjectReference, ParsedElement


class Address(StrEnum):
    """Where a customer's mail address comes from."""

    PAYLOAD = "in the webhook"
    SOME = "in some webhooks"
    MIXED = "in some webhooks, else from the API"
    API = "from the API"


@dataclass(frozen=True, slots=True)
class About:
    """What an operator has to know before connecting the provider.

    `proof` says in a few words how a webhook proves who sent it, `secret` what goes into the list of signing secrets,
    `register` where the address is entered and `events` what to tick there. `forms` says that webhooks are forms, not
    JSON; `topic` names the header that tells the kind of event, where the body does not. `signed` says whether there is
    a signing secret at all, and `secrets_kept` how many are tried. `needs` names the settings in surveys.toml without
    which it cannot work, and what to enter. `unverified` lists what rests on facts that no document or recorded payload
    has confirmed.
    """

    title: str
    proof: str
    address: Address
    secret: str
    register: str
    events: tuple[str, ...]
    handshake: str = ""
    forms: bool = False
    topic: str = ""
    signed: bool = True
    secrets_kept: int = 5
    needs: Mapping[str, str] = field(default_factory=dict)
    unverified: tuple[str, ...] = ()


class Login(StrEnum):
    """How a request to the provider's API proves itself; named after what the credentials hold."""

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
        """Whether requests bear a token that has to be fetched first."""
        return self in {Login.CLIENT, Login.CONSENT}

    @property
    def credentials(self) -> tuple[str, ...]:
        """What an operator stores for it, by name."""
        return ("client_id", "client_secret") if self.buys_tokens else ("key",)


@dataclass(frozen=True, slots=True)
class Api:
    """How the provider's API is reached; `{account}` in an address stands for the source's account.

    `sandbox_url` and `sandbox_token_url` serve sources that are sandboxes, where the provider has others for them.
    `client_in_form`: the token address wants client id and secret as fields of the form, not as HTTP Basic.
    """

    url: str
    login: Login
    sandbox_url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    key_header: str = ""
    token_url: str = ""
    sandbox_token_url: str = ""
    client_in_form: bool = False
    consent_url: str = ""
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Token:
    """What client credentials, or a person's consent, open an API with; `refresh` buys the next one, once."""

    access: str = field(repr=False)
    refresh: str = field(repr=False, default="")
    expires_at: "datetime | None" = None


class Call(Protocol):
    """One request to the API of a source, at its configured host and nowhere else."""

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
        """The JSON that came back, None where there is no such thing (404, 410).

        Raises TransientError when the API did not answer or wants to be left alone for now, PayloadError when it
        cannot take this request, ConfigurationError when it refuses our credentials.
        """


class Verify(Protocol):
    """Whether bytes are trusted."""

    def __call__(self, webhook: Webhook, secrets: Sequence[str], now: "datetime") -> Refusal | None:
        """Why these bytes are not trusted, or None; never raises, whatever the headers and secrets hold."""


class Poller(Protocol):
    """How a provider without webhooks is asked."""

    def fetch(self, source: Source, call: Call) -> Iterable[tuple[str, bytes]]:
        """Id and body of everything not yet processed; `normalise` reads the body later."""

    def acknowledge(self, ids: Sequence[str], source: Source, call: Call) -> None:
        """Tell the provider that these are processed; called once their bodies are durable."""


_TAKEN, _NOT_TRUSTED = Reply(202), Reply(401)


def _no_handshake(_webhook: Webhook, _secrets: Sequence[str]) -> Reply | None:
    return None


def _never(_webhook: Webhook) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Connector:
    """The parts of a provider's module under their own names; what has a default may be left out.

    ABOUT: for operators. HEADERS: lower-case names of the headers `normalise` and `confirm` read, which the inbox
    keeps. `verify`: see Verify. `normalise`: what a webhook says, empty for an unwanted kind; PayloadError for what is
    no event of the provider, or in the place of one bad element of a batch. `sign`: an unsigned webhook as the provider
    would send it, for samples and tests.

    `handshake`: the answer to a handshake, given at once; None for everything else. ACCEPTED and REFUSED: the
    answers the provider demands to what was taken and what was not trusted.

    API: how its API is reached. `resolve`: what a Pointer stands for. `find_customer`: the same event with its
    customer, and with the money where that was missing. `confirm`: whether the provider itself vouches for a webhook
    whose signature cannot be checked offline. `is_unsigned`: whether nobody vouches for these bytes, so that no copy of
    them is kept. `poller`: for a provider without webhooks.
    """

    ABOUT: About
    HEADERS: frozenset[str]
    verify: Verify
    normalise: "Callable[[Webhook, Source], tuple[ParsedElement, ...]]"
    sign: Callable[[Webhook, str], Webhook]
    handshake: Callable[[Webhook, Sequence[str]], Reply | None] = _no_handshake
    ACCEPTED: Reply = _TAKEN
    REFUSED: Reply = _NOT_TRUSTED
    API: Api | None = None
    resolve: "Callable[[ObjectReference, Source, Call], tuple[BillingEvent, ...]] | None" = None
    find_customer: "Callable[[BillingEvent, Source, Call], BillingEvent] | None" = None
    confirm: Callable[[Webhook, Source, Call], bool] | None = None
    is_unsigned: Callable[[Webhook], bool] = _never
    poller: Poller | None = None
