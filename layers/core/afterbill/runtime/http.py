"""The only file that knows API Gateway's payloads (HTTP API, format 2.0): raw bytes in, a response out."""

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

_MAX_FIELDS = 20


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it was sent: header names are lower case, the body is what was signed, `address` who sent it.

    `query` has the last of each name, `raw_query` is all of it.
    `host` is what API Gateway was asked by, which it checked: its own name, or that of a custom domain.
    """

    method: str
    path: str
    parameters: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    address: str = ""
    host: str = ""
    raw_query: str = ""


def request_of(event: Mapping[str, Any]) -> Request:
    """Read the event; what is missing is empty."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    return Request(
        method=event["requestContext"]["http"]["method"],
        path=event.get("rawPath", ""),
        parameters=event.get("pathParameters") or {},
        query=dict(parse_qsl(event.get("rawQueryString") or "", keep_blank_values=True)),
        headers=headers,
        body=_raw_body(event),
        address=_address_in(headers) or event["requestContext"]["http"].get("sourceIp", ""),
        host=event["requestContext"].get("domainName", ""),
        raw_query=event.get("rawQueryString") or "",
    )


def _address_in(headers: Mapping[str, str]) -> str:
    """The address of whoever asked what stands in front of the API; empty where nothing does.

    Source: CloudFront, "CloudFront-Viewer-Address": the address and the port, joined by a colon, IPv6 too.
    """
    return headers.get(os.environ.get("VISITOR_ADDRESS_HEADER", ""), "").rpartition(":")[0]


def _raw_body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body).encode(errors="surrogatepass")
    try:
        return base64.b64decode(body)
    except (binascii.Error, ValueError):
        return b""


def fields_of(request: Request) -> Mapping[str, str] | None:
    """The fields of a form or of a flat JSON object, None when it is neither. Of a repeated one the last counts."""
    if is_json(request):
        return _json_fields(request.body)
    try:
        return dict(parse_qsl(request.body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS))
    except ValueError:  # not UTF-8, or too many fields
        return None


def is_json(request: Request) -> bool:
    """True for the content type of programs."""
    return _kind(request) == "application/json"


def is_form(request: Request) -> bool:
    """True for the content type of forms, and where none is given."""
    return _kind(request) in {"", "application/x-www-form-urlencoded"}


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _json_fields(body: bytes) -> Mapping[str, str] | None:
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(read, dict) or any(isinstance(value, list | dict) for value in read.values()):
        return None
    spelled = {True: "true", False: "false", None: ""}
    return {
        name: spelled[value] if value is None or isinstance(value, bool) else _well_formed(str(value))
        for name, value in read.items()
    }


def _well_formed(text: str) -> str:
    """JSON can carry lone surrogates, which no database or page can."""
    return text.encode(errors="replace").decode()


def response(status: int, body: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """A response; API Gateway drops the body of the answer to HEAD."""
    return {"statusCode": status, "headers": dict(headers), "body": body, "isBase64Encoded": False}


def pairs_of(request: Request) -> list[tuple[str, str]]:
    """The names and values of a query in their order."""
    return parse_qsl(request.raw_query, keep_blank_values=True)


def tag_of(body: str) -> str:
    """The strong entity tag of a body."""
    return f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'


def is_known(request: Request, tag: str) -> bool:
    """True if the caller has what the tag stands for already (RFC 9110, section 13.1.2)."""
    named = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    return tag in named or named == ["*"]


def unchanged(tag: str) -> dict[str, Any]:
    """The answer to a caller who has it already."""
    return response(304, "", _kept(tag))


def tagged(body: str, tag: str, kind: str = "application/json") -> dict[str, Any]:
    """A response that its caller may keep and ask for again with its tag."""
    return response(200, body, {"Content-Type": kind, **_kept(tag)})


def _kept(tag: str) -> dict[str, str]:
    return {"ETag": tag, "Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}


def json_response(status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A response with a JSON body, never cached."""
    fixed = {"Content-Type": "application/json", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return response(status, json.dumps(body), fixed | dict(headers or {}))
