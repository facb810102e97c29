"""The feed of answers: which stand in it, what it says of each, and what two calls of the table are enough for."""

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta
from html import escape, unescape
from urllib.parse import quote

import pytest

from afterbill.answers.read_responses import Brief, Days, Place
from afterbill.model.invitation import Invitation
from afterbill_console.pages import responses_export
from afterbill_console.pages.responses import line_of, shortened
from afterbill_console.people.asked import wanted_in
from afterbill_console.people.feed import MOST, read_feed
from afterbill_console.people.handling import LONGEST_NOTE, MOST_NOTES, Handled, Handling, note_in, tags_in
from afterbill_console.people.ports import FeedPart, Found
from afterbill_console.people.private import HIDDEN, without_contacts
from afterbill_console.roles import Role
from afterbill_dev.console.words import HOSTILE
from afterbill_dev.console.world import NOW, World
from tests.contract.people import invitation
from tests.unit.console.test_links import visit_of

TODAY = NOW.date()
YEAR = "from=2025-12-02&to=2026-11-30"


def feed(world: World, query: str = "", role: Role = Role.AGENT, language: str = "en") -> str:
    answer = world.get(f"/app/responses?{query}", world.sign_in(role, language))
    assert answer.status == 200
    return answer.body


def ids(page: str) -> list[str]:
    return re.findall(r'href="/app/responses/([0-9a-f]{32})"><time', page)


def ratings(page: str) -> list[int]:
    return [int(text) for text in re.findall(r'class="rating \w+"><strong>(\d+)', page)]


def visible(world: World) -> list[Invitation]:
    """All answers that may be shown, the newest first."""
    hidden = {one.id for one in world.table.people.values() if one.restricted_at}
    answered = [one for one in world.facts if one.answer and one.customer_id not in hidden]
    return sorted(answered, key=lambda one: (one.answered_at, one.id), reverse=True)


def all_pages(world: World, query: str) -> list[str]:
    """Ids of all pages, one behind the other."""
    found, place = [], f"/app/responses?{query}"
    ticket = world.sign_in(Role.AGENT)
    while place:
        page = world.get(place, ticket).body
        found += ids(page)
        following = re.search(r'href="(/app/responses\?[^"]*cursor=[^"]*)"', page)
        place = unescape(following[1]) if following else ""
    return found


def test_low_scores_of_the_last_thirty_days_come_first(world):
    expected = [one for one in visible(world) if one.answer.rating <= 6 and one.answered_day > "2026-10-31"]

    page = feed(world)
    assert ids(page) == [one.id for one in expected][:MOST]
    assert set(ratings(page)) <= set(range(7))


@pytest.mark.parametrize(("tab", "low", "high"), [("low", 0, 6), ("middle", 7, 8), ("high", 9, 10), ("all", 0, 10)])
def test_a_tab_has_its_scores_page_behind_page(world, tab, low, high):
    expected = [
        one.id for one in visible(world) if low <= one.answer.rating <= high and one.answered_day >= "2025-12-02"
    ]

    assert all_pages(world, f"{YEAR}&tab={tab}") == expected


def test_who_asks_for_ratings_gets_them_whatever_the_tab(world):
    page = feed(world, f"{YEAR}&rating=9-10")

    assert set(ratings(page)) == {9, 10}
    assert "rating=" not in re.search(r'href="([^"]+)"[^>]*>Middle scores', page)[1]


FILTERS = {
    "touchpoint=renewed": lambda one: one.touchpoint == "renewed",
    "source=shop": lambda one: one.source == "shop",
    "plan=pro": lambda one: one.segments["plan"] == "pro",
    "country=AT": lambda one: one.segments["country"] == "AT",
    "reason=price": lambda one: one.answer.reason == "price",
    "confirmed=false": lambda one: not one.answer.confirmed,
    "commented=1": lambda one: bool(one.answer.comment),
    "contact=1": lambda one: one.answer.contact_ok,
    "q=RECHNUNG": lambda one: "rechnung" in one.answer.comment.casefold(),
    "question=csat": lambda one: one.question == "csat",
    "stage=support": lambda one: one.stage == "support",
    "channel=mail": lambda one: one.channel == "mail",
    "locale=de-AT": lambda one: one.locale == "de-AT",
    "payment_method=sepa_debit": lambda one: one.segments["payment_method"] == "sepa_debit",
    "product=Article%207": lambda one: "Article 7" in one.products,
}


@pytest.mark.parametrize("query", FILTERS)
def test_each_filter_leaves_what_fits(world, query):
    expected = [one.id for one in visible(world) if one.answered_day >= "2025-12-02" and FILTERS[query](one)]

    assert all_pages(world, f"{YEAR}&tab=all&{query}") == expected


@pytest.mark.parametrize(
    "query",
    [
        *("rating=11", "tab=best", "touchpoint=lunch", "from=2026-12-02&to=2026-12-01", "from=yesterday", "unread=yes"),
        *("stage=dinner", "channel=pigeon", "locale=%00", "product=" + "a" * 201, "counted=yes", "payment_method=%07"),
        *("cursor=AAAA", "tag=" + "a" * 41, "q=" + "a" * 201, "plan=%00", "from=0001-01-01", "window=9w", "nonsense=1"),
    ],
)
def test_a_wrong_filter_is_told(world, query):
    assert world.get(f"/app/responses?{query}", world.sign_in(Role.AGENT)).status == 400
    assert world.get(f"/app/responses/export?{query}", world.sign_in(Role.AGENT)).status == 400


def test_a_cursor_fits_no_other_filters(world):
    page = feed(world, f"{YEAR}&tab=all")
    cursor = re.search(r"cursor=([\w-]+)", page)[1]

    assert world.get(f"/app/responses?tab=low&cursor={cursor}", world.sign_in(Role.AGENT)).status == 400


# Calls


class Many:
    """Answers, a million on each day, which counts calls."""

    def __init__(self, world: World) -> None:
        self.one = visible(world)[0]
        self.calls: list[str] = []

    def answered(self, place: Place) -> Found:
        self.calls.append("query")
        begin = int(place.id, 16) if place.id else 1_000_000
        numbers = range(begin - 1, begin - 301, -1)
        briefs = [Brief(f"{number:032x}", f"{place.day}T12:00:00Z", number % 11, {}) for number in numbers]
        return Found(briefs, more=True)

    def read(self, ids):
        self.calls.append("batch")
        made = {id_: replace(self.one.answer, rating=int(id_, 16) % 11) for id_ in ids}
        return FeedPart({id_: Handled(replace(self.one, id=id_, answer=answer)) for id_, answer in made.items()})


@pytest.mark.parametrize("query", ["", "tab=all", "contact=1", "rating=3"])
def test_a_page_of_fifty_takes_two_calls_of_a_million_answers(world, query):
    many = Many(world)
    many.one = replace(many.one, answer=replace(many.one.answer, contact_ok=True))
    pairs = [tuple(query.split("="))] if query else []

    first = read_feed(wanted_in(pairs, TODAY), many, lambda one: one)
    assert len(first.answers) == (MOST if query != "rating=3" else 27)
    assert many.calls == ["query", "batch"]


def test_pages_of_a_million_follow_one_another_without_a_gap(world):
    many, wanted, found = Many(world), wanted_in([("tab", "all")], TODAY), []
    for _ in range(8):
        page = read_feed(wanted, many, lambda one: one)
        found += [int(one.response.id, 16) for one in page.answers]
        wanted = replace(wanted, place=page.next)

    assert found == list(range(999_999, 999_999 - 400, -1))


def test_a_page_comes_back_short_and_says_how_far_it_looked(world):
    page = feed(world, f"{YEAR}&tab=all&q=no+such+words")

    assert ids(page) == []
    assert "Looked through everything after" in page
    assert "cursor=" in page


def test_the_last_page_of_few_days_leads_nowhere(world):
    page = feed(world, "from=2020-01-01&to=2020-01-02")

    assert "No response fits" in page
    assert "cursor=" not in page


# What is shown


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("role", [Role.AGENT, Role.ANALYST])
def test_no_comment_becomes_a_part_of_the_page(world, text, role):
    page = feed(world, f"{YEAR}&tab=all&commented=1", role)

    for tag in ("<script>alert", "<img", "<form action=https", "onerror=alert(1)>"):
        assert tag not in page
    for character in ("\u202e", "\u2067", "\u200b", "\x1b", "\x07"):
        assert character not in page
    if role is Role.AGENT and text.isascii() and text.isprintable():
        assert escape(text[:40]).replace("&quot;", "&#34;").replace("&#x27;", "&#39;") in page


def test_a_comment_stands_alone_whatever_its_direction(world):
    assert '<p class="comment" dir="auto">שלום' in feed(world, f"{YEAR}&tab=all&commented=1")


@pytest.mark.parametrize("letter", ["a", "ä", '"', "\N{GRINNING FACE}", "<"])
def test_a_long_comment_is_shortened_in_the_feed_and_whole_on_its_page(letter):
    text = shortened(letter * 10_000)

    assert text.endswith("…")
    assert len(escape(text).encode()) <= 283
    assert shortened("short") == "short"


def test_fifty_of_the_longest_comments_stay_below_sixty_kilobytes(world):
    for id_, one in list(world.table.invitations.items()):
        if one.answer:
            long = replace(one.answer, comment='"<' * 5_000)
            world.table.invitations[id_] = replace(one, answer=long, answered_at=NOW, answered_day="2026-11-30")

    page = feed(world, f"{YEAR}&tab=all")
    assert (len(ids(page)), len(page.encode()) < 60_000) == (MOST, True), len(page.encode())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("call +49 151 12345678 now", f"call {HIDDEN} now"),
        ("(030) 1234567", HIDDEN),
        ("write to ada.l@example.com.", f"write to {HIDDEN}."),
        ("DE89 3704 0044 0532 0130 00 please", f"{HIDDEN} please"),
        ("card 4111-1111-1111-1111", f"card {HIDDEN}"),
        ("since 2026-11-22 or 22.11.2026, twice 1.234,50 EUR", "since 2026-11-22 or 22.11.2026, twice 1.234,50 EUR"),
    ],
)
def test_who_may_see_no_person_reads_no_address_and_no_number(text, shown):
    assert without_contacts(text) == shown


def test_answers_of_restricted_customers_are_not_shown_and_counted(world):
    (restricted,) = (one.id for one in world.table.people.values() if one.restricted_at)
    theirs = next(one for one in world.facts if one.customer_id == restricted and one.answer)

    assert "One response is not shown" in feed(world, f"tab=all&from={theirs.answered_day}&to={theirs.answered_day}")
    assert world.get(f"/app/responses/{theirs.id}", world.sign_in(Role.ADMIN)).status == 404


def test_what_cannot_be_read_is_told(world):
    one = visible(world)[0]
    world.table.unreadable.add(one.id)

    assert "cannot be read" in feed(world, f"tab=all&from={one.answered_day}&to={one.answered_day}")


def test_an_anonymous_row_leads_to_nobody(world):
    one = visible(world)[0]
    gone = replace(one, segments={**one.segments, "removed": "yes"}, customer_id="")
    world.table.invitations[one.id] = gone

    page = feed(world, f"tab=all&from={one.answered_day}&to={one.answered_day}")
    assert "Person removed" in page
    assert f"/app/customers/{one.customer_id}" not in page


def test_the_feed_speaks_german(world):
    page = feed(world, f"{YEAR}&tab=all", language="de")

    assert "Niedrige Bewertungen" in page
    assert "Nur angetippt" in page


# Handling


def test_an_answer_is_marked_as_read_and_the_feed_stays_where_it_was(world):
    ticket, one = world.sign_in(Role.AGENT), visible(world)[0]
    answer = world.post(f"/app/responses?{YEAR}&tab=all", ticket, f"read={one.id}")

    assert (answer.status, answer.headers["Location"]) == (303, f"/app/responses?{YEAR}&tab=all")
    assert world.table.handlings[one.id].read_by == ticket.operator
    assert one.id not in ids(world.get(f"/app/responses?{YEAR}&tab=all&unread=1", ticket).body)

    world.post(f"/app/responses?{YEAR}&tab=all", ticket, f"unread={one.id}")
    assert not world.table.handlings[one.id].read


def test_tags_and_notes_are_kept_and_shown(world):
    ticket, one = world.sign_in(Role.AGENT), visible(world)[0]
    place = f"/app/responses/{one.id}"

    assert world.post(place, ticket, f"tags={quote('Preis, rückrufen, Preis')}").headers["Location"] == place
    assert world.post(place, ticket, f"note={quote('<b>Angerufen</b>')}").headers["Location"] == place
    page = world.get(place, ticket).body
    assert "Preis, rückrufen" in page
    assert "&lt;b&gt;Angerufen&lt;/b&gt;" in page
    assert "by you" in page
    assert ids(world.get(f"/app/responses?{YEAR}&tab=all&tag=preis", ticket).body) == [one.id]
    assert "1 note" in world.get(f"/app/responses?{YEAR}&tab=all&tag=preis", ticket).body


def test_notes_are_for_who_may_see_people(world):
    one = visible(world)[0]
    world.post(f"/app/responses/{one.id}", world.sign_in(Role.AGENT), "note=a+secret+note")

    page = world.get(f"/app/responses/{one.id}", world.sign_in(Role.ANALYST)).body
    assert "secret" not in page
    assert "<textarea" not in page
    assert "by a colleague" in world.get(f"/app/responses/{one.id}", world.sign_in(Role.ADMIN)).body


@pytest.mark.parametrize("form", ["read=1", "tags=a", "note=a"])
def test_analysts_change_nothing(world, form):
    one = visible(world)[0]
    ticket = world.sign_in(Role.ANALYST)

    assert world.post(f"/app/responses/{one.id}", ticket, form).status == 403
    assert world.post("/app/responses", ticket, f"read={one.id}").status == 403
    assert world.table.handlings == {}


@pytest.mark.parametrize(
    "form",
    ["note=", "note=" + "a" * (LONGEST_NOTE + 1), "tags=" + "a" * 41, "tags=" + ",".join(map(str, range(21)))],
)
def test_what_does_not_fit_is_refused_and_told(world, form):
    one = visible(world)[0]
    answer = world.post(f"/app/responses/{one.id}", world.sign_in(Role.AGENT), form)

    assert answer.status == 400
    assert 'role="alert"' in answer.body
    assert world.table.handlings == {}


def test_a_full_answer_says_so(world):
    ticket, one = world.sign_in(Role.AGENT), visible(world)[0]
    for number in range(MOST_NOTES):
        world.post(f"/app/responses/{one.id}", ticket, f"note={number}")

    assert "Nothing was saved" in world.post(f"/app/responses/{one.id}", ticket, "note=one+more").body


@pytest.mark.parametrize("id_", ["f" * 32, "..", "a" * 200])
def test_an_answer_that_is_not_there_is_not_found(world, id_):
    ticket = world.sign_in(Role.AGENT)

    assert world.get(f"/app/responses/{id_}", ticket).status == 404
    assert world.post(f"/app/responses/{id_}", ticket, "read=1").status == 404


def test_a_fact_without_an_answer_is_no_response(world):
    unanswered = next(one for one in world.facts if one.answer is None)

    assert world.get(f"/app/responses/{unanswered.id}", world.sign_in(Role.AGENT)).status == 404


def test_a_test_survey_is_no_response(world):
    one = visible(world)[0]
    world.table.invitations[one.id] = replace(one, answered_day="test")

    assert world.get(f"/app/responses/{one.id}", world.sign_in(Role.AGENT)).status == 404


def test_words_of_notes_and_tags_are_harmless():
    assert note_in(" a\x1b[31mb\u202e ") == "ab"
    assert tags_in("a,, b ,a\u202e") == ("a", "b")


# Export


def rows(answer):
    return list(csv.DictReader(io.StringIO(answer.body.removeprefix("\ufeff"))))


def test_the_export_has_the_answers_of_the_feed(world):
    answer = world.get(f"/app/responses/export?{YEAR}&tab=all", world.sign_in(Role.AGENT))

    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert [row["id"] for row in rows(answer)] == [one.id for one in visible(world) if one.answered_day >= "2025-12-02"]
    assert "next" not in answer.headers.get("Link", "")


def test_no_cell_is_a_formula(world):
    body = world.get(f"/app/responses/export?{YEAR}&tab=all", world.sign_in(Role.AGENT)).body

    assert "'=HYPERLINK" in body
    assert all(not cell.startswith(("=", "+", "@")) for line in csv.reader(io.StringIO(body)) for cell in line)


def test_analysts_export_nobody(world):
    answer = world.get(f"/app/responses/export?{YEAR}&tab=all", world.sign_in(Role.ANALYST))

    assert not {"id", "customer", "notes", "answered_at"} & set(rows(answer)[0])
    assert world.audit.noted[-1].found == len(rows(answer))


def test_a_large_export_ends_and_says_where_the_next_begins(world, monkeypatch):
    monkeypatch.setattr(responses_export, "MOST_BYTES", 1_000)
    ticket, found = world.sign_in(Role.AGENT), []
    place = f"/app/responses/export?{YEAR}&tab=all"
    while place:
        answer = world.get(place, ticket)
        found += [row["id"] for row in rows(answer) if re.fullmatch(r"[0-9a-f]{32}", row["id"])]
        following = re.match(r"<https?://[^/]+(.+)>; rel", answer.headers.get("Link", ""))
        place = following[1] if following else ""
        assert not place or place in answer.body

    assert found == [one.id for one in visible(world) if one.answered_day >= "2025-12-02"]


def test_an_export_of_very_many_ends_too(world, monkeypatch):
    monkeypatch.setattr(responses_export, "MOST_PAGES", 1)

    assert "Link" in world.get(f"/app/responses/export?{YEAR}&tab=all", world.sign_in(Role.AGENT)).headers


def test_days_come_from_the_window_or_from_two_days():
    assert wanted_in([("window", "7d")], TODAY).days == Days(TODAY - timedelta(days=6), TODAY)
    assert wanted_in([("to", "2020-01-01")], TODAY).days.last.isoformat() == "2020-01-01"


def test_what_nobody_answered_is_no_line_of_the_feed(world):
    with pytest.raises(ValueError, match="is no answer"):
        line_of(Handled(invitation("a" * 32), Handling()), visit_of(world, Role.ADMIN))
