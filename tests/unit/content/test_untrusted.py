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
    "J. de Vries",
    "Dr. de Maizière",
    "Prof. de Vries",
    "Mme. de Staël",
    "Srta. de la Cruz",
    "Jhr. de Boer",
    "Anna,Maria",
    "Dot Cotton",
    "A B C Schmidt",
    "Kim Dotcom",
    "Keʻeaumoku",
    "Oʻktam Gʻafurov",
    "Cʼhoariva",
    "Saʿd al-Maʾmūn",
    "Gô͘ Bûn-hiông",
    "Nguyễn Ðức",
    "Ƶeljko Đorđević",
    "Ingeborg Sørensen-Bjørnø",
    "Þorbjörg Ævarsdóttir",
    "Ştefănescu-Țărnă",
    "Ąžuolas Šimkūnas",
    "Ж.-К. Юнкер",
    "Олександр Ґалаґан-Їжак",
    "Ђорђе Ћирић",
    "Հայկ Սարգսյան",
    "გიორგი მაისურაძე",
    "አበበ ቢቂላ",
    "ᏣᎳᎩ",
    "ᐊᐧᔭᐸᓯ",
    "ⵎⴰⵙⵙⵉⵏⵉⵙⵙⴰ",
    "އަޙްމަދު",
    "ܝܘܚܢܢ",
    "محـمد",
    "مُحَمَّد",
    "حسین‌زاده",
    "بلاول بھٹو",
    "ג'ק לוי",
    "रामाऽवतार",
    "অনির্বাণ",
    "ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ",
    "ગુજરાતી શાહ",
    "తెలుగు రావు",
    "ಕನ್ನಡ ಗೌಡ",
    "സുരേഷ് കുമാർ",
    "සුනිල් පෙරේරා",
    "ບຸນມີ",
    "សុខា",
    "山ノ内 三ヶ月",
    "佐々木",
    "か゚り",
    "约翰·史密斯",
    "阿明ABC公司",
    "ㄌㄧˇ",
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
    "Müller u. Co",
    "Meier & Cie. AG",
    "Acme Ltd. UK",
    "Acme, Inc.",
    "Tele-Com AG",
    "E-Com/Net",
    "L'Info",
    "Point of Sale BV",
    "Dot & Co",
    "Dot to Dot",
    "LG전자USA",
    "μTorrent",
    "Fam. de Groot",
    "Warner Bros. Co",
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
    "AIチャットPro",
    "Webサイト制作Aプラン",
    "Punto de Venta",
    "Point de vente",
    "Punkt zu Punkt",
    "Pro (AT)",
    "Pro (*)",
    "Pro + 10,000 mails",
    "10,000–50,000 contacts",
    "10.000 – 50.000 Kontakte",
    "100,000 API calls",
    "10'000 Mails",
    "10.000,00 €",
    "100,000,000 events",
    "5 users, 10,000 contacts",
    "9,99–19,99 €",
    "Plan 2026: 100 GB",
    "Saison 2026 (10 Spiele)",
    "12/2026",
    "Ticket 2026 – 2 persons",
    "خطة ٢٠٢٦",
    "باقة٣ب",
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
    "evil . de",
    "evil. de",
    "evil. it",
    "evil24. ch",
    "evil .c",
    "evil '.com",
    "evil. (com)",
    "evil(.)com",
    "evil [.] de",
    "evil (,) fr",
    "evil('.')com",
    "evil,com",
    "evil,fr",
    "evil'com",
    "evil„com",
    "evil”net",
    "evilʼcom",
    "e v i l . c o m",
    "evil.c o m",
    "evil dot c o m",
    "evil dot de",
    "evil dot co",
    "evil-dot-zz",
    'evil "dot" ru',
    "evil dot online",
    "evil punkt de",
    "evil PUNKT at",
    "evil (punkt) ch",
    "evil point fr",
    "evil punto it",
    "evil punto es",
    "evil punt nl",
    "evil punt be",
    "evil ponto pt",
    "evil kropka pl",
    "evil tečka cz",
    "евил точка рф",
    "ada (chez) evil",
    "ada [at] evil",
    "ada arobase evil",
    "ada (arroba) evil",
    "ada Klammeraffe evil",
    "hxxp: evil",
]
ENDINGS = ["evil punto de", "evil point de"]
"""Before another word they are how plans go on."""
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
    "123 456 000",
    "800 555 000",
    "800-555-000",
    "800/555 000",
    "(800) 555.000",
    "030 555 000",
    "0 800 000",
    "1900 555 000",
    "1900 555",
    "2012 555 000",
    "2012 555",
    "555 2012",
    "2012 a 2013 b 2014 c",
    "+100 000",
    "+1 800 000 000",
    "＋１ ０００ ０００",
    "800 000 000",
    "800.000.000",
    "20 000 000",
    "1.000.000.000",
    "555 000 5555",
    "800.00 000",
    "555 000 – 555 123",
    "555 000 – 800 000",
    "555.000-800.000",
]
DOTLIKE = (
    "\ua78f\u1427\u18df\u318d\u119e\u02d1\u02cc\u02d9\u05c4\u05c5\u05b4\u0740\u065c\u06ec\u08cf\u0971\u0887\ua717"
    "\u1037\u302e\u302a\u3099\u309a\u0358\u0315\u1df8\u1dfa\u4e36\u2f02\u30fd\U0001d2e1\u06d4\U0001bc84\u0660\u06f0"
)
"""Letters, marks and numbers of other scripts, and marks beside a letter."""
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


@pytest.mark.parametrize("sign", DOTLIKE, ids=lambda sign: f"U+{ord(sign):04X}")
@pytest.mark.parametrize("letters", ["evil{}com", "евил{}рф", "ευιλ{}ελ", "visit evil{}com now", "evi{}lcom"])
def test_no_letter_mark_or_number_of_another_script_makes_a_domain(sign: str, letters: str) -> None:
    assert greeting_name(letters.replace("{}", sign)) is None
    assert plan_name(letters.replace("{}", sign)) is None


@pytest.mark.parametrize("sign", "·•∙⋅‧・丶ヽ", ids=lambda sign: f"U+{ord(sign):04X}")  # they are meant
@pytest.mark.parametrize("letters", ["евил{}рф", "ευιλ{}ελ", "evilß{}øcom", "երևան{}հայ"])
def test_a_dot_in_the_middle_makes_no_domain_in_any_script_with_small_letters(sign: str, letters: str) -> None:
    assert greeting_name(letters.replace("{}", sign)) is None


def test_no_letter_of_any_script_stands_between_latin_ones() -> None:
    scripts = "кλბאبकกᐧⵣማ\u1427"
    assert [greeting_name(f"evil{sign}com") for sign in scripts] == [None] * len(scripts)


@pytest.mark.parametrize("text", ENDINGS)
@pytest.mark.parametrize("around", ["{}", "Ada {}", "{}!", "({})"])
def test_a_spelled_domain_at_the_end_is_left_out(text: str, around: str) -> None:
    assert greeting_name(around.replace("{}", text)) is None
    assert plan_name(around.replace("{}", text)) is None


def test_a_mark_of_another_script_is_no_dot() -> None:
    assert greeting_name("evil\u05c5 com") is None


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


@given(
    st.sampled_from(["dot", "Punkt", "point", "punto", "punt", "(.)", "[.]", "(dot)", "[punkt]", " . "]),
    st.sampled_from(["de", "at", "ch", "fr", "it", "es", "nl", "be", "uk", "com", "net", "org"]),
    st.sampled_from([" ", "-", ' "', " '"]),
)
def test_a_domain_is_found_however_its_dot_is_spelled(dot: str, ending: str, between: str) -> None:
    message = f"visit evil{between}{dot}{between}{ending}"
    assert greeting_name(message) is None
    assert plan_name(message) is None


@given(
    st.from_regex(r"(\+?[1-9]|0)[0-9]{0,3}", fullmatch=True),
    st.sampled_from([" ", "-", ".", "/", ") ", " – ", ", ", ":", "_", "*", "' "]),  # they are meant
    st.from_regex(r"[1-9][0-9]{2}[ .,'’]?000", fullmatch=True),  # likewise
)
def test_a_round_number_after_digits_is_a_telephone_number(before: str, between: str, rounded: str) -> None:
    assert plan_name(f"Call {before}{between}{rounded}") is None
    assert plan_name(f"Call +{rounded}") is None
