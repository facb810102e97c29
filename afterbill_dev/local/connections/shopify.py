"""Shopify's GraphQL Admin API over the records of the fake shop, which really executes every document.

Known from the vendor's schema: OrderInput's note and tags replace what is there, a note holds 5,000 characters, tags
split at commas, a failed mutation says so in `userErrors`. Errors of a call come with HTTP 200. Figures of costs are
those of the plan Standard.
"""

import re
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from afterbill_dev.local.connections import accounts
from afterbill_dev.local.connections.kit import Bucket, FakeSystem, Headers, Request, as_json, right_now
from afterbill_dev.local.connections.shop import CUSTOMER, ORDER, Shop
from afterbill_dev.local.connections.shop_admin import Admin
from afterbill_dev.local.forwarding import Answer

SCHEMA = build_schema((Path(__file__).parent / "shopify.graphql").read_text())
TOKEN_PATH = "/admin/oauth/access_token"  # noqa: S105  # a path
_GRAPHQL_PATH = re.compile(r"/admin/api/(?:\d{4}-(?:01|04|07|10)|unstable)/graphql\.json")
TOKEN_SECONDS = 24 * 60 * 60
POINTS, POINTS_A_SECOND = 2000.0, 100.0
POINTS_OF_A_MUTATION = 10
_MESSAGES: Mapping[str, str] = {"THROTTLED": "Throttled", "ACCESS_DENIED": "Access denied", "SHOP_INACTIVE": "Inactive"}
_NO_TOKEN = {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}
_ASKED = frozenset({"query", "variables", "operationName"})


class Shopify(FakeSystem):
    """The shop; `scopes` are those of the app."""

    def __init__(
        self,
        now: Callable[[], datetime] = right_now,
        wait: Callable[[float], None] = time.sleep,
        scopes: tuple[str, ...] = accounts.SHOPIFY_SCOPES,
    ) -> None:
        super().__init__(now, wait)
        self._shop, self._scopes = Shop(), scopes
        self._points = Bucket(POINTS, POINTS_A_SECOND)
        self._tokens: dict[str, datetime] = {}

    def learn(self, headers: Mapping[str, str], body: bytes, secret: str) -> None:
        """Take up the orders and customers that a signed webhook names; names of headers are in lower case."""
        with self._lock:
            self._shop.learn(headers, body, secret, self.now())

    def state(self) -> dict[str, Any]:
        """All orders and customers, each by its gid and by its number."""
        return {"orders": self._shop.all(ORDER), "customers": self._shop.all(CUSTOMER)}

    def serve(self, request: Request) -> Answer:
        """Sell a token, or execute a document."""
        if request.method != "POST":
            return as_json(HTTPStatus.NOT_FOUND, {"errors": "Not Found"})
        if request.path == TOKEN_PATH:
            return self._sell_token(request)
        if not _GRAPHQL_PATH.fullmatch(request.path):
            return as_json(HTTPStatus.NOT_FOUND, {"errors": "Not Found"})
        if not self._opens(request.headers.get("x-shopify-access-token", "")):
            return as_json(HTTPStatus.UNAUTHORIZED, _NO_TOKEN)
        return self._ask(request)

    def refuse(self, status: int, headers: Headers) -> Answer:
        """Refuse in the form of the Admin API."""
        content = _NO_TOKEN if status == HTTPStatus.UNAUTHORIZED else {"errors": f"refused with {status}"}
        return as_json(status, content, headers)

    def refuse_by_name(self, error: str, headers: Headers, request: Request) -> Answer:  # noqa: ARG002  # as above
        """Refuse with a code such as THROTTLED, which comes with HTTP 200."""
        return as_json(HTTPStatus.OK, {"errors": [_coded(error)]}, headers)

    def _sell_token(self, request: Request) -> Answer:
        form, client = request.form(), (accounts.SHOPIFY["client_id"], accounts.SHOPIFY["client_secret"])
        if request.content_type != "application/x-www-form-urlencoded":
            return as_json(HTTPStatus.BAD_REQUEST, {"error": "invalid_request"})
        if form.get("grant_type") != "client_credentials":
            return as_json(HTTPStatus.BAD_REQUEST, {"error": "unsupported_grant_type"})
        if (form.get("client_id"), form.get("client_secret")) != client:
            return as_json(HTTPStatus.UNAUTHORIZED, {"error": "invalid_client"})
        token = secrets.token_hex(16)
        self._tokens[token] = self.now() + timedelta(seconds=TOKEN_SECONDS)
        content = {"access_token": token, "scope": ",".join(self._scopes), "expires_in": TOKEN_SECONDS - 1}
        return as_json(HTTPStatus.OK, content)

    def _opens(self, token: str) -> bool:
        until = self._tokens.get(token)
        return token == accounts.SHOPIFY["token"] or (until is not None and self.now() < until)

    def _ask(self, request: Request) -> Answer:
        asked = request.content()
        if asked is None or not _well_formed(asked):
            wrong = {"errors": {"query": "Required parameter missing or invalid"}}
            return as_json(HTTPStatus.BAD_REQUEST, wrong)
        try:
            document = parse(asked["query"])
        except GraphQLError as error:
            return as_json(HTTPStatus.OK, {"errors": [error.formatted]})
        wrong_fields = validate(SCHEMA, document)
        if wrong_fields:
            return as_json(HTTPStatus.OK, {"errors": [error.formatted for error in wrong_fields]})
        return self._execute(document, asked)

    def _execute(self, document: DocumentNode, asked: Mapping[str, Any]) -> Answer:
        cost = _cost(document)
        if self._points.take(cost, self.now()):
            return as_json(HTTPStatus.OK, {"errors": [_coded("THROTTLED")], **self._told(cost, None)})
        result = execute_sync(
            SCHEMA,
            document,
            Admin(self._shop, self._scopes, self.now()).root(),
            variable_values=asked.get("variables") or {},
            operation_name=asked.get("operationName"),
        )
        return as_json(HTTPStatus.OK, {**_formatted(result), **self._told(cost, cost)})

    def _told(self, requested: int, actual: int | None) -> dict[str, Any]:
        held = int(self._points.held(self.now()))
        status = {"maximumAvailable": POINTS, "currentlyAvailable": held, "restoreRate": POINTS_A_SECOND}
        cost = {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": status}
        return {"extensions": {"cost": cost}}


def _well_formed(asked: Mapping[str, Any]) -> bool:
    variables = asked.get("variables") or {}
    return isinstance(asked.get("query"), str) and isinstance(variables, dict) and asked.keys() <= _ASKED


def _coded(code: str) -> dict[str, Any]:
    return {"message": _MESSAGES.get(code, code), "extensions": {"code": code}}


def _formatted(result: ExecutionResult) -> dict[str, Any]:
    errors = {"errors": [error.formatted for error in result.errors]} if result.errors else {}
    return {"data": result.data, **errors}


def _cost(document: DocumentNode) -> int:
    """Ten points for each mutation, else one for each object that is asked for."""
    points = 0
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            fields = [one for one in operation.selection_set.selections if isinstance(one, FieldNode)]
            mutates = operation.operation is OperationType.MUTATION
            points += len(fields) * POINTS_OF_A_MUTATION if mutates else _objects(operation.selection_set)
    return points


def _objects(selected: SelectionSetNode) -> int:
    inside = [
        one for one in selected.selections if isinstance(one, FieldNode | InlineFragmentNode) and one.selection_set
    ]
    return sum(isinstance(one, FieldNode) + _objects(one.selection_set) for one in inside if one.selection_set)
