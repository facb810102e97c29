"""Whom a function takes for the visitor: who asked the API, or who asked what stands in front of it."""

import pytest

from afterbill.runtime.http import request_of
from tests.integration.samples import sample
from tests.integration.stack import own_variables

CLOUDFRONT = "CloudFront-Viewer-Address"


def address_of(**headers: str) -> str:
    event = sample("api/survey_get", TOKEN="a-token")
    event["requestContext"]["http"]["sourceIp"] = "192.0.2.7"
    return request_of(event | {"headers": event["headers"] | headers}).address


def test_it_is_who_asked_the_api() -> None:
    assert address_of() == "192.0.2.7"


def test_a_header_that_anybody_can_send_says_nothing() -> None:
    assert address_of(**{CLOUDFRONT: "198.51.100.7:443"}) == "192.0.2.7"


@pytest.mark.parametrize(
    ("told", "address"),
    [("198.51.100.7:46532", "198.51.100.7"), ("2001:db8:0:0:0:0:0:7:443", "2001:db8:0:0:0:0:0:7"), ("", "192.0.2.7")],
)
def test_behind_cloudfront_it_is_who_asked_that(monkeypatch: pytest.MonkeyPatch, told: str, address: str) -> None:
    monkeypatch.setenv("VISITOR_ADDRESS_HEADER", "cloudfront-viewer-address")

    assert address_of(**{CLOUDFRONT: told}) == address


@pytest.mark.parametrize("function", ["record_response", "offer_survey", "follow_link"])
def test_functions_that_judge_visitors_are_told_what_stands_in_front(function: str) -> None:
    assert own_variables(function)["VISITOR_ADDRESS_HEADER"] == {
        "Fn::If": ["IsBehindCloudFront", "cloudfront-viewer-address", ""]
    }
