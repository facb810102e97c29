"""A function as a WSGI application: what API Gateway makes of a request, and of the answer."""

import base64
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from tests.integration.stack import Handler

PARAMETERS = {"/v1/privacy/requests/": "id", "/v1/reports/": "name"}
"""The routes of the document whose path has a parameter, and its name."""
Environ = dict[str, Any]


def application(handler: Handler) -> Callable[[Environ, Callable[..., Any]], Iterable[bytes]]:
    """Every request becomes an event of an HTTP API, format 2.0."""

    def answer(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        answered = handler(event_of(environ))
        status = HTTPStatus(answered["statusCode"])
        start_response(f"{status.value} {status.phrase}", list(answered["headers"].items()))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answered["body"].encode()]

    return answer


def event_of(environ: Environ) -> dict[str, Any]:
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    return {
        "version": "2.0",
        "routeKey": f"ANY {path}",
        "rawPath": path,
        "pathParameters": {
            name: path.removeprefix(route) for route, name in PARAMETERS.items() if path.startswith(route)
        },
        "rawQueryString": environ.get("QUERY_STRING", ""),
        "headers": dict(_headers(environ)),
        "requestContext": {"http": {"method": method, "path": path, "sourceIp": "192.0.2.7"}},
        "body": base64.b64encode(environ["wsgi.input"].read()).decode(),
        "isBase64Encoded": True,
    }


def _headers(environ: Environ) -> Iterable[tuple[str, str]]:
    for name, value in environ.items():
        if name.startswith("HTTP_"):
            yield name.removeprefix("HTTP_").replace("_", "-").lower(), value
        elif name in {"CONTENT_TYPE", "CONTENT_LENGTH"} and value:
            yield name.replace("_", "-").lower(), value
