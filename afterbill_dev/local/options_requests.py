"""OPTIONS, by which some billing systems shake hands: API Gateway hands it to the function like any other method.

MiniStack answers it itself (403, "CORS not configured"), so it goes to the function from here.
"""

import base64
import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote

import boto3

from afterbill_dev.local.forwarding import Answer

JSON = (("Content-Type", "application/json"),)
NOT_FOUND = Answer(404, JSON, b'{"message":"Not Found"}')
FAILED = Answer(500, JSON, b'{"message":"Internal Server Error"}')


def ask(request: BaseHTTPRequestHandler, body: bytes, routes: Mapping[str, str]) -> Answer:
    """The answer of the function whose route (path with `{names}` -> function) the request matches."""
    path, _, query = request.path.partition("?")
    for route, function in routes.items():
        match = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route), unquote(path))
        if match is not None:
            event = _event(request, body, f"ANY {route}", query, match.groupdict())
            given = boto3.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
            return FAILED if given.get("FunctionError") else _answer(json.loads(given["Payload"].read()))
    return NOT_FOUND


def _event(
    request: BaseHTTPRequestHandler, body: bytes, route: str, query: str, parameters: Mapping[str, str]
) -> dict[str, Any]:
    """The request as API Gateway words it (payload format 2.0)."""
    path = unquote(request.path.partition("?")[0])
    http = {"method": request.command, "path": path, "protocol": "HTTP/1.1", "sourceIp": request.client_address[0]}
    return {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": query,
        "headers": {name.lower(): value for name, value in request.headers.items()},
        "requestContext": {"http": http, "routeKey": route, "stage": "$default", "requestId": "options"},
        "pathParameters": dict(parameters),
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def _answer(given: Mapping[str, Any]) -> Answer:
    text = given.get("body") or ""
    body = base64.b64decode(text) if given.get("isBase64Encoded") else text.encode()
    return Answer(given.get("statusCode", HTTPStatus.OK), tuple((given.get("headers") or {}).items()), body)
