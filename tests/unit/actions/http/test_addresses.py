"""Addresses that may be called: https, public, looked up once."""

import pytest

from afterbill_actions.adapters.addresses import Target, public, target

PUBLIC = "93.184.216.34"


def at(*addresses: str):
    return lambda _host, _port: addresses


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",  # noqa: S104  # an example of what is refused
        "10.0.0.1",
        "172.16.5.4",
        "192.168.1.1",
        "169.254.169.254",  # the metadata of an instance
        "100.64.0.1",
        "192.0.0.8",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:10.0.0.1",
        "::ffff:93.184.216.34",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "2001:db8::1",
        "fe80::1",
        "fe80::1%2",
        "fec0::1",
        "fd00:ec2::254",
        "ff02::1",
        "no address",
    ],
)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not public(address)
    assert target("https://api.example", at(address)) == "api.example leads to an address that is not public"


@pytest.mark.parametrize("address", [PUBLIC, "2606:2800:220:1:248:1893:25c8:1946"])
def test_a_public_one_is_called_by_the_address_that_was_checked(address: str) -> None:
    assert target("https://api.example/v1/things?a=1", at(address)) == Target(
        "https", "api.example", address, 443, "/v1/things?a=1"
    )


def test_one_inner_address_among_several_refuses_the_name() -> None:
    assert isinstance(target("https://api.example", at(PUBLIC, "10.0.0.1")), str)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://api.example", "api.example"),
        ("https://API.example:443/", "api.example"),
        ("https://api.example:8443/", "api.example:8443"),
        ("https://[2606:2800:220:1::1]/", "[2606:2800:220:1::1]"),
    ],
)
def test_the_header_names_the_host_and_a_port_that_is_not_the_usual_one(url: str, host: str) -> None:
    found = target(url, at(PUBLIC))

    assert isinstance(found, Target)
    assert found.authority == host


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example/",
        "ftp://api.example/",
        "file:///etc/passwd",
        "//api.example/",
        "api.example",
        "",
        "https://",
        "https://user@api.example/",
        "https://user:word@api.example/",
        "https://api.example/#part",
        "https://api.example:99999/",
        "https://[::1/",
        "https://api.example/a b",
        "https://api.example/\r\nHost: other",
        "https://bücher.example/",
    ],
)
def test_anything_but_a_plain_https_url_is_refused(url: str) -> None:
    assert isinstance(target(url, at(PUBLIC)), str)


def test_a_name_that_nobody_knows_is_told() -> None:
    def unknown(_host: str, _port: int):
        raise OSError

    assert target("https://nowhere.example", unknown) == "nowhere.example has no address in the DNS"
    assert target("https://nowhere.example", at()) == "nowhere.example has no address in the DNS"


@pytest.mark.parametrize(("setting", "called"), [("1", True), ("0", False), ("", False)])
def test_this_machine_is_called_only_where_it_plays_other_systems(
    monkeypatch: pytest.MonkeyPatch, setting: str, called: bool
) -> None:
    monkeypatch.setenv("AFTERBILL_LOOPBACK", setting)

    assert isinstance(target("http://127.0.0.1:8080/x"), Target) is called


@pytest.mark.parametrize(
    "url", ["http://localhost.example/", "http://127.0.0.2/", "http://10.0.0.1/", "https://127.0.0.1/"]
)
def test_and_by_its_one_address_alone(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("AFTERBILL_LOOPBACK", "1")

    assert isinstance(target(url, at("127.0.0.1")), str)
