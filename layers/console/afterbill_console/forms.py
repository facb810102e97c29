"""Forms as browsers send them, and whether they come from a page of ours."""

import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl

from afterbill.runtime.http import Request
from afterbill_console.sessions import Ticket

MOST_FIELDS = 50


def fields_in(request: Request) -> dict[str, str]:
    """Return the fields of a form; those beyond the fiftieth are left out."""
    return dict(parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True)[:MOST_FIELDS])


def is_ours(request: Request, form: Mapping[str, str], ticket: Ticket, origin: str) -> bool:
    """Return whether a form comes from a page of ours: by its token, and by where the browser says it comes from."""
    token = form.get("token", "").encode(errors="replace")
    return from_here(request, origin) and hmac.compare_digest(token, ticket.form_token.encode())


def from_here(request: Request, origin: str) -> bool:
    """Return whether the browser names our own address, or none."""
    return request.headers.get("origin", origin) == origin
