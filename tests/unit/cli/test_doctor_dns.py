"""`afterbill doctor`: SPF, DKIM and DMARC, read by checkdmarc from name servers of our own."""

import sys

import checkdmarc.utils
import dns.exception
import dns.resolver
import pytest

from afterbill_cli.doctor import dns_lookup
from afterbill_cli.doctor.dns_lookup import Dns, NoAnswerError
from afterbill_cli.doctor.stack_under_test import StackUnderTest
from afterbill_console.health.findings import Verdict
from tests.unit.cli.stacks_under_test import IDENTITY, NOW, ZONE, Zone, findings, identities, stack_under_test, worst

RECORDS = ("SPF", "DKIM", "DMARC")


@pytest.fixture(autouse=True)
def _nothing_is_remembered():
    checkdmarc.utils.DNS_CACHE.clear()


def spf(config, *records):
    return worst(stack_under_test(config, zone={"bounce.acme.com TXT": [f'"{one}"' for one in records]}), "SPF")


def dmarc(config, record, **more):
    zone = {"_dmarc.acme.com TXT": f'"{record}"', "mail.acme.com MX": "10 mx.acme.com."}
    return worst(stack_under_test(config, zone=zone, **more), "DMARC")


@pytest.mark.parametrize("check", RECORDS)
def test_what_stands_in_dns_is_in_order(config, check):
    assert [one.verdict for one in findings(stack_under_test(config), check)] == [Verdict.OK]


@pytest.mark.parametrize("check", RECORDS)
def test_a_domain_reserved_for_examples_is_not_looked_up(config, check):
    examined = stack_under_test(config, parameters={"SenderAddress": "survey@afterbill.example"})

    assert worst(examined, check).verdict is Verdict.SKIPPED
    assert examined.dns.resolver.asked == 0


# SPF


def test_spf_that_leaves_ses_out_fails(config):
    finding = spf(config, "v=spf1 ip4:192.0.2.1 -all")

    assert (finding.verdict, finding.remedy) == (Verdict.FAIL, "add include:amazonses.com to it")


def test_spf_may_let_ses_in_by_another_record(config):
    zone = {
        "bounce.acme.com TXT": '"v=spf1 redirect=_spf.acme.com"',
        "_spf.acme.com TXT": '"v=spf1 include:amazonses.com -all"',
    }

    assert worst(stack_under_test(config, zone=zone), "SPF").verdict is Verdict.OK


def test_spf_that_cannot_be_read_fails(config):
    assert spf(config, "v=spf1 foo include:amazonses.com ~all").verdict is Verdict.FAIL


def test_without_spf_dmarc_has_one_leg_less(config):
    finding = spf(config, "something else")

    assert finding.verdict is Verdict.WARN
    assert finding.remedy == 'TXT record at bounce.acme.com: "v=spf1 include:amazonses.com ~all"'


def test_without_a_mail_from_domain_the_record_of_ses_counts(config):
    without = {name: value for name, value in IDENTITY.items() if name != "MailFromAttributes"}
    examined = stack_under_test(config, {"GetEmailIdentity": identities({"acme.com": without})})

    assert worst(examined, "SPF").text.startswith("the record of amazonses.com counts")


# DKIM


def keys(config, **different):
    return stack_under_test(
        config,
        {
            "GetEmailIdentity": identities(
                {"acme.com": IDENTITY | {"DkimAttributes": IDENTITY["DkimAttributes"] | different}}
            )
        },
    )


def test_a_removed_key_is_found_before_ses_notices(config):
    finding = worst(stack_under_test(config, zone={"b._domainkey.acme.com CNAME": "elsewhere.example.org."}), "DKIM")

    assert finding.verdict is Verdict.FAIL
    assert finding.remedy == "CNAME record: b._domainkey.acme.com to b.dkim.amazonses.com"


def test_keys_may_stand_in_the_zone_that_ses_names(config):
    finding = worst(keys(config, Tokens=["a"], SigningHostedZone="x1.dkim.eu-central-1.amazonses.com"), "DKIM")

    assert finding.remedy.endswith("._domainkey.acme.com to a.x1.dkim.eu-central-1.amazonses.com")


def test_a_key_that_is_not_there_at_all_is_told(config):
    assert "no key at z._domainkey.acme.com" in worst(keys(config, Tokens=["z"]), "DKIM").text


def test_a_key_of_your_own_is_left_to_ses(config):
    assert worst(keys(config, Tokens=["mine"], SigningAttributesOrigin="EXTERNAL"), "DKIM").verdict is Verdict.OK


# DMARC


def test_without_dmarc_large_senders_are_refused(config):
    finding = dmarc(config, "nothing of the kind")

    assert finding.verdict is Verdict.WARN
    assert "v=DMARC1; p=none" in finding.remedy


def test_dmarc_that_cannot_be_read_counts_for_nothing(config):
    assert dmarc(config, "v=DMARC1; p=nune").verdict is Verdict.WARN


def test_the_record_of_the_organisation_counts_with_its_policy_for_subdomains(config):
    zone = {"_dmarc.acme.com TXT": '"v=DMARC1; p=none; sp=reject"', "mail.acme.com MX": "10 mx.acme.com."}

    finding = worst(stack_under_test(config, parameters={"SenderAddress": "survey@mail.acme.com"}, zone=zone), "DMARC")

    assert finding.text == "p=reject counts for mail.acme.com"


def test_strict_alignment_wants_a_signature_of_the_very_domain(config):
    sub = {"SenderAddress": "survey@mail.acme.com"}

    assert dmarc(config, "v=DMARC1; p=reject; adkim=s", parameters=sub).verdict is Verdict.FAIL
    assert dmarc(config, "v=DMARC1; p=reject; adkim=s").verdict is Verdict.OK


# name servers


class Silent:
    """Name servers that are not reached."""

    def __init__(self, error):
        self.error, self.asked = error, 0

    def resolve(self, *_, **__):
        self.asked += 1
        raise self.error


@pytest.mark.parametrize("error", [OSError("network is unreachable"), dns.resolver.NoNameservers()])
@pytest.mark.parametrize("check", RECORDS)
def test_name_servers_that_do_not_answer_say_nothing_about_a_record(config, check, error):
    examined = stack_under_test(config)
    examined = StackUnderTest(examined.deployed, Dns(Silent(error)), NOW)

    assert [one.verdict for one in findings(examined, check)] == [Verdict.UNKNOWN]


def test_silent_name_servers_are_asked_once(config):
    examined = stack_under_test(config)
    examined = StackUnderTest(examined.deployed, Dns(Silent(OSError("network is unreachable"))), NOW)

    texts = {findings(examined, check)[0].text for check in RECORDS}

    assert texts == {"DNS did not answer for amazonses.com: network is unreachable"}
    assert examined.dns.resolver.asked == 1


@pytest.mark.parametrize("check", RECORDS)
def test_name_servers_that_deny_every_name_are_not_believed(config, check):
    examined = StackUnderTest(stack_under_test(config).deployed, Dns(Zone({})), NOW)

    (finding,) = findings(examined, check)

    assert (finding.verdict, "deny amazonses.com" in finding.text) == (Verdict.UNKNOWN, True)
    assert examined.dns.resolver.asked == 1


def test_a_timeout_within_one_question_is_no_missing_record():
    class Flaky(Zone):
        def resolve(self, name, kind, **how):
            if str(name) == "acme.com":
                raise dns.exception.Timeout
            return super().resolve(name, kind, **how)

    with pytest.raises(NoAnswerError, match=r"DNS did not answer for acme\.com"):
        Dns(Flaky(ZONE)).spf("acme.com")


def test_a_machine_without_name_servers_knows_nothing(monkeypatch):
    def unconfigured():
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dns.resolver, "Resolver", unconfigured)

    with pytest.raises(NoAnswerError, match="knows no name server"):
        dns_lookup.live().alias("acme.com")


def test_where_checkdmarc_is_not_installed_that_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "dns.resolver", None)

    assert "pip install" in dns_lookup.live().silent


def test_the_name_servers_of_the_machine_are_asked(monkeypatch):
    monkeypatch.setattr(dns.resolver, "Resolver", lambda: Zone({**ZONE, "x.acme.com CNAME": "Y.acme.com."}))

    assert dns_lookup.live().alias("x.acme.com") == "y.acme.com"
    assert dns_lookup.live().alias("z.acme.com") == ""
