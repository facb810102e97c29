"""Two spellings are one mailbox exactly if mail systems do not keep them apart."""

import unicodedata
from string import ascii_lowercase

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import assume, example, given
from hypothesis import strategies as st

from afterbill.adapters.addresses import address_fault, address_problem
from afterbill.adapters.aws.ses import SesMailer
from afterbill.model.addresses import address_hash, mailbox
from afterbill.model.invitation import SkipReason
from afterbill.model.messages import Mail

CONFUSABLES = st.sampled_from(
    [
        *"aAàÀаａＡªᵃ𝐚",
        "a\u0300",
        *("ss", "ß", "ẞ", "SS", "s", "S", "ſ"),
        *"kKKκ",
        *"iIıİiіⅰｉ",
        "i\u0307",
        *("fi", "ﬁ", "ff", "ﬀ", "ffi", "ﬃ"),
        *"σςΣ",
        *"oO0οо٠۰０𝟎",
        *"1l①１",
        *"-‐－_.",
        *"。．｡",
        *("ශ්\u200dරී", "ශ්රී", "نامه\u200cای", "نامهای"),
        *("\u200b", "\u200d", "\u200c", "\u00ad", "\u2060", "\u180e", "\ufe0f"),
        *("n̈", "ñ", "n\u0303", "\u0300"),
        *("花", "子", "中", "ｶ", "カ", "가", "\u1100\u1161"),
        *("xn--", "XN--", "ｘｎ－－", "bcher-kva", "fuball-cta"),
        *"@＠﹫",
    ]
)
TEXTS = st.lists(CONFUSABLES, min_size=1, max_size=5).map("".join)
DOMAINS = st.lists(TEXTS, min_size=1, max_size=2).map(lambda labels: ".".join([*labels, "com"]))
CASES = st.sampled_from([str, str.upper, str.title])
KEY = b"identity"


class Ses:
    """SES, which writes down to whom it was asked to send."""

    def send_email(self, Destination, **_rest):  # noqa: N803  # boto3's name
        (self.to,) = Destination["ToAddresses"]
        return {"MessageId": "1"}


def sent_to(address: str) -> str:
    ses = Ses()
    SesMailer(ses, "afterbill").send(Mail(address, "shop@example.com", None, "Hello", "Hello", "Hello", {}, {}))
    return ses.to


def hashed(address: str) -> str:
    return address_hash(address, KEY)


def validated(address: str) -> str | None:
    """The domain that the judge of addresses would send to, if it takes the address as it is written."""
    try:
        return validate_email(address, check_deliverability=False).ascii_domain
    except EmailNotValidError:
        return None


@pytest.mark.parametrize(
    ("address", "one", "other"),
    [
        ("letter case of the name", "Ada.King@example.com", "ada.king@example.com"),
        ("letter case of the domain", "ada@Example.COM", "ada@example.com"),
        ("blanks around it", " ada@example.com\t", "ada@example.com"),
        ("a domain in letters and for DNS", "ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("capital letters for DNS", "ada@XN--BCHER-KVA.example", "ada@bücher.example"),
        ("capital letters with an umlaut", "ada@BÜCHER.example", "ada@bücher.example"),
        ("a domain composed and decomposed", "ada@bu\u0308cher.example", "ada@bücher.example"),
        ("wide letters in the domain", "ada@ｅｘａｍｐｌｅ．ｃｏｍ", "ada@example.com"),
        ("ideographic full stop", "花@例え。jp", "花@例え.jp"),
        ("its half-width form", "ada@例え｡jp", "ada@xn--r8jz45g.jp"),
        ("a soft hyphen in the domain", "ada@exam\u00adple.com", "ada@example.com"),
        ("a ligature in the domain", "ada@oﬃce.example", "ada@office.example"),
        ("a Kelvin sign in the domain", "ada@\u212aiosk.example", "ada@kiosk.example"),
        ("a sharp s for DNS", "anna@fußball.de", "anna@xn--fuball-cta.de"),
    ],
)
def test_what_no_mail_system_keeps_apart_is_one_mailbox(address, one, other):
    assert mailbox(one) == mailbox(other), address
    assert hashed(one) == hashed(other)
    assert sent_to(one) == sent_to(other)


@pytest.mark.parametrize(
    ("address", "one", "other"),
    [
        ("sharp s and ss", "anna@fußball.de", "anna@fussball.de"),
        ("capital sharp s and SS", "anna@FUẞBALL.de", "anna@FUSSBALL.de"),
        ("final and other sigma", "nikos@φαρος.gr", "nikos@φαροσ.gr"),
        ("a joiner that IDNA keeps", "ruwan@ශ්\u200dරී.com", "ruwan@ශ්රී.com"),
        ("a non-joiner that IDNA keeps", "sara@نامه\u200cای.com", "sara@نامهای.com"),
        ("dotless i in the domain", "can@ıstanbul.example", "can@istanbul.example"),
        ("a Cyrillic letter in the domain", "ada@exаmple.com", "ada@example.com"),
        ("sharp s in the name", "strauß@example.com", "strauss@example.com"),
        ("a Kelvin sign in the name", "\u212aarl@example.com", "karl@example.com"),
        ("a long s in the name", "\u017fara@example.com", "sara@example.com"),
        ("a ligature in the name", "ﬁona@example.com", "fiona@example.com"),
        ("dotless i in the name", "ıpek@example.com", "ipek@example.com"),
        ("capital umlaut in the name", "ÄNNE@example.com", "äNNE@example.com"),
        ("a name composed and decomposed", "ren\u00e9@example.com", "rene\u0301@example.com"),
        ("wide letters in the name", "ａｄａ@example.com", "ada@example.com"),
        ("dots in the name", "a.da@example.com", "ada@example.com"),
        ("a tag", "ada+shop@example.com", "ada@example.com"),
        ("a dot behind the domain", "ada@example.com.", "ada@example.com"),
        ("domains", "ada@example.com", "ada@example.org"),
    ],
)
def test_what_a_mail_system_keeps_apart_are_two_mailboxes(address, one, other):
    assert mailbox(one) != mailbox(other), address
    assert hashed(one) != hashed(other)
    assert sent_to(one) != sent_to(other)


@given(TEXTS, TEXTS, CASES)
def test_of_the_name_only_ascii_letter_case_does_not_count(one, other, spell):
    ascii_spelled = "".join(spell(char) if char.isascii() else char for char in one)

    def folded(name):
        return "".join(char.lower() if char.isascii() else char for char in name)

    assert mailbox(f"{one}@example.com") == mailbox(f"{ascii_spelled}@example.com")
    assert (mailbox(f"{one}@a.com") == mailbox(f"{other}@a.com")) == (folded(one) == folded(other))


@given(DOMAINS, DOMAINS)
def test_two_domains_are_one_exactly_if_mail_to_them_goes_to_the_same(one, other):
    first, second = validated(f"ada@{one}"), validated(f"ada@{other}")
    assume(first and second)

    assert mailbox(f"ada@{one}") == f"ada@{first}"
    assert (mailbox(f"ada@{one}") == mailbox(f"ada@{other}")) == (first == second)


@given(st.text(st.characters(categories=("L", "M", "N")), min_size=1, max_size=12), st.sampled_from(["NFC", "NFD"]))
def test_a_domain_is_one_in_all_its_spellings(label, form):
    domain = f"{label}.example"
    ascii_domain = validated(f"ada@{domain}")
    assume(ascii_domain)

    spellings = {unicodedata.normalize(form, domain), ascii_domain, ascii_domain.upper(), domain.replace(".", "。")}

    assert {mailbox(f"ada@{one}") for one in (domain, *spellings)} == {f"ada@{ascii_domain}"}


ADDRESSES = st.builds("{}@{}".format, TEXTS, DOMAINS) | st.text(max_size=12) | TEXTS


@given(ADDRESSES, ADDRESSES)
@example("anna@fußball.de", "anna@fussball.de")
@example("a@b.com", "A@B.COM")
def test_two_addresses_have_one_hash_exactly_if_their_mail_goes_to_one(one, other):
    assert (hashed(one) == hashed(other)) == (sent_to(one) == sent_to(other))


@given(ADDRESSES)
def test_the_one_spelling_is_its_own(address):
    assert mailbox(mailbox(address)) == mailbox(address)
    assert address_fault(address) == address_fault(mailbox(address))


@given(ADDRESSES)
def test_mail_goes_to_ascii_addresses_alone_and_nothing_bad_is_taken_for_one(address):
    bad = address_problem(address) is SkipReason.BAD_ADDRESS

    assert bad or sent_to(address).isascii()
    assert not bad or address_problem(mailbox(address)) is SkipReason.BAD_ADDRESS


@pytest.mark.parametrize(
    "domain",
    [
        "♥.example",
        "ex_ämple.com",
        "-ä.example",
        "ä..example",
        "\u0300a.example",
        "a\u200db.example",
        "b＠ä.example",
        "xn--é.example",
        "مرحبا1a.example",
        f"{'ü' * 64}.example",
        ".".join(["ü" * 40] * 6),
        "ü" * 2000,
    ],
)
def test_a_domain_that_idna_refuses_is_bad_and_like_no_good_one(domain):
    assert address_problem(f"ada@{domain}") is SkipReason.BAD_ADDRESS
    assert mailbox(f"ADA@{domain}") == f"ada@{domain}"


@pytest.mark.parametrize(
    ("address", "spelled"),
    [
        (" Ada ", "ada"),
        ("ADA@", "ada@"),
        ("@Example.com", "@example.com"),
        ("Ärger", "Ärger"),
        ("", ""),
        ("Ada@\ud800.example", "ada@\ud800.example"),
        ("\udfff", "\udfff"),
    ],
)
def test_what_is_no_address_has_a_spelling_and_a_hash_too(address, spelled):
    assert mailbox(address) == spelled
    assert len(hashed(address)) == 32


def test_a_phone_number_is_hashed_as_it_stands():
    assert mailbox("+4915123456789") == "+4915123456789"
    assert hashed("+4915123456789") != hashed("+4915123456780")


def test_without_the_key_nobody_can_tell_whose_hash_it_is():
    assert hashed("ada@example.com") != address_hash("ada@example.com", b"other")
    assert not set(hashed("ada@example.com")) & set(ascii_lowercase[6:])


@pytest.mark.parametrize(
    ("address", "fine"),
    [
        (f"{'a' * 64}@example.com", True),
        (f"{'a' * 65}@example.com", False),
        (f"a@{'x' * 63}.com", True),
        (f"a@{'x' * 64}.com", False),
        (f"{'a' * 60}@{'.'.join(['x' * 47] * 4)}.c", True),
        (f"{'a' * 60}@{'.'.join(['x' * 47] * 4)}.co", False),
        (f"a@{'ü' * 57}.com", True),
        (f"a@{'ü' * 58}.com", False),
    ],
)
def test_lengths_are_those_of_what_is_sent(address, fine):
    assert (not address_fault(address)) is fine


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("", 'it has no "@"'),
        ("you.example.com", 'it has no "@"'),
        ("You <you@example.com>", "write one address alone, without a name"),
        ("you@example.com, me@example.com", "write one address alone, without a name"),
        ("you@example", 'the part after the "@" has no ending such as ".com"'),
        ("you@", 'the part after the "@" has no ending such as ".com"'),
        ("you@example.com.", 'the part after the "@" is no domain that takes mail'),
        ("you@shop.invalid", 'the part after the "@" is no domain that takes mail'),
        (f"{'a' * 65}@example.com", "it is too long"),
        (f"{'a' * 60}@{'.'.join(['x' * 47] * 4)}.co", "it is too long"),
        ("a..b@example.com", 'before the "@" stand letters of a to z, digits, single dots and signs '),
        ("@example.com", 'before the "@" stand '),
        ("jürgen@example.com", 'before the "@" stand '),
    ],
)
def test_what_is_wrong_with_an_address_is_told_in_our_words(address, why):
    assert address_fault(address).startswith(why)
