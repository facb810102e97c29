"""Names and plans that strangers choose: real ones are used as they are, and none carries a message of its own."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.content.untrusted import NAME_LENGTH, PLAN_LENGTH, greeting_name, one_line, plan_name

PEOPLE = [
    "Ada",
    "Dr. Ada King",
    "J. R. R. Tolkien",
    "O'Connor",
    "O’Connor",
    "O´Connor",
    "O'Neill-Öztürk",
    "D’Angelo, Luca",
    "Jean-Luc",
    "N. N.",
    "St. John",
    "Dr. Müller jun.",
    "María José",
    "María del Carmen de la Fuente Sánchez",
    "Nguyễn Thị Minh",
    "Łukasz Żółć",
    "Dvořák",
    "Ångström",
    "Ştefan",
    "İbrahim Çelik",
    "Þórr",
    "Siobhán Ní Dhuibhir",
    "Marcel·la Pi",
    "ʻOkina",
    "Nǃxau",
    "Louis XIV",
    "Anna/Peter",
    "Γιώργος Παπαδόπουλος",
    "Иван Петрович",
    "שרה כהן",
    "שָׂרָה",
    "ד״ר לוי",
    "محمد",
    "محمد بن سلمان",
    "علی\u200cرضا",
    "王小明",
    "山田 太郎",
    "五十嵐 一",
    "葛󠄀城",
    "ジョン・スミス",
    "Ｔａｒｏ",
    "김민수",
    "सुनीता शर्मा",
    "மீனாட்சி",
    "สมชาย ใจดี",
    "မြွှေး",
]
COMPANIES = [
    "Müller & Co. KG",
    "Müller & Söhne GmbH",
    "Müller & Söhne GmbH & Co. KG",
    "3M Deutschland GmbH",
    "1&1",
    "7-Eleven",
    "C+A",
    "Hansen A/S",
    "Schalke 04",
    "TSV 1860 München",
    "Doe, John (Acme)",
    "S.A.R.L. Dupont",
    "㈱山田",
]
PLANS = [
    "Pro",
    "Pro (annual)",
    "Pro [beta]",
    "Pro + Support",
    "Pro/year",
    "pro_monthly",
    "Plan: Team",
    "Team 10",
    "Team 10 users, 50 GB",
    "Plan 2.0",
    "v2.5",
    "v2.5.1",
    "Basic – 9.99 €/Monat",
    "1.299,00 €",
    "USD 49.00 per month",
    "S.A.R.L.",
    "Pro 2026",
    "Saison 2025/26",
    "2025-2026",
    "50 GB",
    "24/7",
    "10,000 contacts",
    "1.000.000 Mails",
    "1 000 000 mails",
    "12 x 50 ml",
    "100 % Wolle",
    "Größe XL, blau",
    "½ Jahr",
    "Acme™ Pro",
    "Plan №5",
    "プロ",
]

DOTS = "\U0001d16d\U00010a50．․。｡﹒︒۔܁܂።᙮᠃ꓸꓺ꘎⸼٠۰·•∙⋅‧・･·।"
LINKS = [
    "https://evil.example",
    "https:evil",
    "mailto: ada",
    "Ada www",
    "evil.com",
    "evil.рф",
    "evil.भारत",
    "evil.xn--p1ai",
    "1.1.1.1",
    "a@b",
    "a＠b",
    "a﹫b",
    "ev\xadil.com",
    "ev\u200bil.com",
    "evil.\u200dcom",
    "evil.c\u200com",
    "Ⓔvil．ⓒⓞⓜ",
    "𝐞𝐯𝐢𝐥.𝐜𝐨𝐦",
    "evil.ćom",
    "t.me/evil",
    "evil dot com",
    "evil (dot) com",
    "evil punkt com",
    "ada (at) evil",
    "evil . com",
    "evil. com",
]
TELEPHONES = [
    "0900123456",
    "0900 123456",
    "09 00 12 34 56",
    "0-9-0-0-1-2",
    "(030) 12 34 56",
    "+49 30 123456",
    "+1 (555) 010-9999",
    "０９００１２３４",
    "٠٩٠٠١٢٣٤",
    "०९००१२३४",
    "①②③④⑤⑥⑦",
    "➊➋➌➍➎➏➐",
    "一三八零零一三八",
    "0900 a 123 b 456",
    "0900.12.34.56",
    "2012 2013 2014",
    "82200",
]
PICTURES = ["Ada 📞", "Ada ➡ here", "Z̸̢̛̦̈́algo", "ก็็็็็", "ㅤ", "ﾠAda", "⠀", "Ada⃠", "{company} {0}", "now!", "free?", "~Ada~"]


@pytest.mark.parametrize("name", [*PEOPLE, *COMPANIES])
def test_a_real_name_is_used_as_it_is(name: str) -> None:
    assert greeting_name(f"  {name}\n") == name


@pytest.mark.parametrize("plan", PLANS)
def test_a_real_plan_is_shown_as_it_is(plan: str) -> None:
    assert plan_name(f"  {plan}\n") == plan


@pytest.mark.parametrize("text", [*LINKS, *TELEPHONES, *PICTURES])
@pytest.mark.parametrize("around", ["{}", "Ada {}", "{} now"])
def test_what_carries_a_message_is_left_out(text: str, around: str) -> None:
    message = around.replace("{}", text)

    assert greeting_name(message) is None
    assert plan_name(message) is None


@pytest.mark.parametrize("dot", DOTS, ids=lambda dot: f"U+{ord(dot):04X}")
def test_no_sign_that_looks_like_a_dot_makes_a_domain(dot: str) -> None:
    assert greeting_name(f"visit evi{dot}com") is None
    assert plan_name(f"visit evi{dot}com") is None


def test_an_accent_without_a_letter_is_no_dot() -> None:
    assert greeting_name("evil \u0323com") is None
    assert greeting_name("evil -\u0307com") is None


@pytest.mark.parametrize("nothing", [None, "", " \t", "\u202e", "...", "-", "\ud800"])
def test_what_says_nothing_is_left_out(nothing: str | None) -> None:
    assert greeting_name(nothing) is None
    assert plan_name(nothing) is None


@pytest.mark.parametrize(
    "name", ["Ada " * 75, "Ada" * 17, "your account is closed please write to us", "117", "12345 Ada"]
)
def test_a_sentence_and_a_number_are_no_name(name: str) -> None:
    assert greeting_name(name) is None


@pytest.mark.parametrize("name", ["Bank: call us", "<script>", "Ada = 1", "Ada_x", "5 € free"])
def test_signs_that_no_name_has_are_those_of_a_message(name: str) -> None:
    assert greeting_name(name) is None


@pytest.mark.parametrize("number", ["12345", "100–5678", "10 20 30 40"])
def test_a_plan_has_short_numbers_and_few(number: str) -> None:
    assert plan_name(f"Plan {number}") is None


def test_directions_and_line_breaks_are_taken_out_of_what_is_fit() -> None:
    assert greeting_name("\u202eAda\r\nLovelace\u202c") == "Ada Lovelace"
    assert plan_name("Pro\u2028\u2066(neu)\x0b") == "Pro (neu)"


def test_a_long_plan_is_cut_visibly_and_read_to_its_end() -> None:
    assert plan_name("Wool " * 20) == ("Wool " * 12)[:59] + "…"
    assert plan_name("Wool " * 20 + "evil.com") is None
    assert plan_name("Wool " * 100) == ("Wool " * 12)[:59] + "…"


def test_a_cut_leaves_no_half_emoji_behind() -> None:
    assert one_line("👩\u200d💻", 3) == "👩\u200d💻"
    assert one_line("👩\u200d💻💻", 3) == "👩…"


ANYTHING = st.one_of(st.text(max_size=80), st.text(alphabet="a.。 0९-@:/\u200d\u0301é&,", max_size=30))


@given(ANYTHING)
def test_whatever_is_greeted_is_short_and_plain(text: str) -> None:
    name = greeting_name(text)
    if name is None:
        return
    folded = unicodedata.normalize("NFKC", name).translate(dict.fromkeys(map(ord, "\u200c\u200d")))
    assert len(name) <= NAME_LENGTH
    assert sum(unicodedata.numeric(char, None) is not None for char in folded) <= 4
    assert {unicodedata.category(char)[0] for char in folded} <= set("LMNPZS")
    assert not set("@:!?<>{}[]#$\n\r\t") & set(folded)
    assert greeting_name(name) == name


@given(ANYTHING)
def test_whatever_plan_is_shown_is_short_and_stays_as_it_is(text: str) -> None:
    plan = plan_name(text)
    if plan is not None:
        assert len(plan) <= PLAN_LENGTH
        assert not set("@!?<>{}\n\r\t") & set(unicodedata.normalize("NFKC", plan))
        assert plan_name(plan) == plan


@given(st.from_regex(r"[a-z]{1,9}[.。．․۔܁][a-z]{2,6}", fullmatch=True), ANYTHING)
def test_a_domain_is_found_wherever_it_stands(domain: str, around: str) -> None:
    assert greeting_name(f"{around[:20]} {domain}") is None
    assert plan_name(f"{around[:20]} {domain}") is None
