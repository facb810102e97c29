"""The connector of Shopify: its settings, its secrets, its actions."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from afterbill.model.errors import ConfigurationError
from afterbill.settings.surveys.values import Table
from afterbill_actions.connector import Action, Connector, Open
from afterbill_actions.connectors._kit import replies
from afterbill_actions.connectors.shopify import api, documents, note, tags
from afterbill_actions.outcome import Denied, Done, Outcome

_Shop = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
_Version = Annotated[str, StringConstraints(pattern=r"^20[2-9][0-9]-(01|04|07|10)$")]
_Tag = Annotated[str, StringConstraints(min_length=1, max_length=tags.MOST_TAG, pattern=r"^[^,|]+$")]


class Settings(Table):
    """[connections.NAME] of Shopify."""

    shop: _Shop | None = None
    """acme, of https://acme.myshopify.com."""
    version: _Version = api.VERSION
    """The version of the Admin API."""
    test_order: Annotated[str, StringConstraints(pattern=r"^[0-9]{0,20}$")] = ""
    """The number in the address of an order of the operator's own, which `afterbill connect` writes to."""


class TagSettings(Table):
    """[[workflows.NAME.do]] with action tags."""

    on: Annotated[tuple[Literal["order", "customer"], ...], Field(strict=False, min_length=1)] = ("order", "customer")
    tags: Annotated[tuple[_Tag, ...], Field(strict=False, max_length=10)] = ()


class NoteSettings(Table):
    """[[workflows.NAME.do]] with action note."""

    comment: bool = True


def _url(settings: Mapping[str, Any], secret: Mapping[str, str]) -> str:  # noqa: ARG001  # the address is no secret
    if not settings.get("shop"):
        raise ConfigurationError("actions.toml: a connection of Shopify needs `shop` or `url`")
    return f"https://{settings['shop']}.myshopify.com"


def _probe(open_: Open) -> Outcome:
    """Ask which scopes the app has."""
    data = api.Session(open_).query(documents.SCOPES)
    if not isinstance(data, Mapping):
        return data
    granted = replies.listed(replies.section(data, "appInstallation").get("accessScopes"))
    lacking = api.lacking([str(scope.get("handle")) for scope in granted])
    return Denied(f"the app lacks the scopes {' and '.join(lacking)}") if lacking else Done()


CONNECTOR = Connector(
    name="shopify",
    title="Shopify",
    settings=Settings,
    exclusive=True,
    secrets=(frozenset({"client_id", "client_secret"}), frozenset({"token"})),
    actions={
        "tags": Action(TagSettings, tags.write, tags.undo, tags.undo),
        "note": Action(NoteSettings, note.write, note.undo, note.erase),
    },
    probe=_probe,
    per_minute=120,
    guide=(
        "Since 2026 an app for your own shop is made in the Dev Dashboard (dev.shopify.com): make one, give it the",
        "scopes read_orders, write_orders, read_customers, write_customers, and install it in your shop.",
        "Its settings show a client id and a client secret. An app made in the admin before has a token (shpat_...).",
        "Orders older than 60 days need read_all_orders, which Shopify grants on request.",
        "Nothing has to be created in the shop. `test_order` names an order of your own for the test.",
    ),
    url=_url,
    verified=(
        "documents: validated against the vendor's schema of 2026-04 and 2026-07",
        "client credentials, endpoint, commas in tags: the vendor's documentation",
        "scopes, errors with status 200: other people's code",
        "not verified: that older orders need read_all_orders; the longest tag; any live behaviour",
    ),
)
