from collections.abc import Mapping

import pytest

from afterbill.answers.visitors import Visitor, Visitors, family_of

VISITORS = Visitors(["bot", "Mimecast"], ["192.0.2.0/24", "2001:db8:5::/48"], lambda network: f"<{network}>")
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"


def visitor(agent: str = CHROME, address: str = "203.0.113.9", method: str = "GET", **headers: str) -> Visitor:
    named: Mapping[str, str] = {name.replace("_", "-"): value for name, value in headers.items()}
    return VISITORS(method, {"user-agent": agent, **named}, address)


@pytest.mark.parametrize(
    ("agent", "family"),
    [
        (CHROME, "chrome"),
        (f"{CHROME} Edg/140.0", "edge"),
        (f"{CHROME} OPR/110.0", "opera"),
        (f"{CHROME} SamsungBrowser/28.0", "samsung"),
        ("Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0", "firefox"),
        ("Mozilla/5.0 (X11; rv:128.0) Gecko/20100101 Thunderbird/128.0", "thunderbird"),
        (f"{IPHONE} CriOS/140.0 Mobile/15E148 Safari/604.1", "chrome"),
        (f"{IPHONE} FxiOS/140.0 Mobile/15E148 Safari/605.1.15", "firefox"),
        (f"{IPHONE} Version/18.1 Mobile/15E148 Safari/604.1", "safari"),
        (f"{IPHONE} Mobile/15E148", "apple-mail"),
        ("Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17928; Pro)", "outlook"),
        ("something/1.0", "other"),
        ("", ""),
    ],
)
def test_a_program_belongs_to_a_family(agent: str, family: str) -> None:
    assert family_of(agent.casefold()) == visitor(agent).family == family


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "<203.0.113.0/24>"),
        ("203.0.113.200", "<203.0.113.0/24>"),
        ("::ffff:203.0.113.9", "<203.0.113.0/24>"),
        ("2001:db8:1:2:3::4", "<2001:db8:1::/48>"),
        ("", ""),
        ("unknown", ""),
    ],
)
def test_an_address_becomes_the_hash_of_its_network(address: str, network: str) -> None:
    assert visitor(address=address) == Visitor(network, "chrome")


@pytest.mark.parametrize("agent", ["Googlebot/2.1", "MIMECAST scanner", "x bot y"])
def test_a_listed_program_is_a_scanner_in_any_letter_case(agent: str) -> None:
    assert visitor(agent) == Visitor("<203.0.113.0/24>", "scanner", scanner=True)


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8:5:1::1"])
def test_a_listed_network_is_a_scanners_whatever_its_program(address: str) -> None:
    assert visitor(address=address).scanner
    assert visitor(address=address).family == "chrome"


@pytest.mark.parametrize(
    "headers",
    [
        {"method": "HEAD"},
        {"sec_purpose": "prefetch"},
        {"sec_purpose": "prefetch;prerender"},
        {"purpose": "prefetch"},
        {"x_moz": "prefetch"},
        {"x_purpose": "preview"},
    ],
)
def test_who_only_looks_ahead_says_so(headers: dict[str, str]) -> None:
    assert visitor(**headers).probing


def test_a_plain_get_is_somebody_who_looks() -> None:
    assert not visitor(sec_fetch_mode="navigate", sec_purpose="").probing
