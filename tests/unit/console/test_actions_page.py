"""Actions: the health of connections, what was written, and what people do about it."""

import re
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from afterbill_actions.outbox import EntryState
from afterbill_console.adapters.actions import configured
from afterbill_console.app import Console
from afterbill_console.pages.actions import verdict
from afterbill_console.roles import Role
from afterbill_dev.console.world import NOW, ByRole

PLACE = "/app/actions"


def entries(world, connection="team"):
    return world.actions.operate.outbox.newest(connection, 500)


def one_in(world, state, connection="team"):
    return next(one for one in entries(world, connection) if one.state is state)


def form(entry, act):
    return urlencode({"connection": entry.connection, "place": entry.place, "act": act})


class TestHealth:
    def test_each_connection_says_how_it_stands(self, world):
        page = world.get(PLACE, world.sign_in(Role.AGENT)).body

        for words in ("works", "access refused", "rests", "not used yet", "afterbill connect shop"):
            assert words in page

    @pytest.mark.parametrize(("name", "word"), [("helpdesk", "well"), ("shop", "denied"), ("team", "rests")])
    def test_in_one_word(self, world, name, word):
        assert verdict(world.actions.states.states([name])[name], NOW) == word

    def test_a_connection_that_fails_at_times_and_does_not_rest(self, world):
        state = world.actions.states.states(["team"])["team"]

        assert verdict(replace(state, rests_until=None), NOW) == "fails"
        assert verdict(replace(state, rests_until=NOW, failures=0), NOW) == "well"


class TestLog:
    def test_the_first_connection_is_shown_unless_another_is_asked_for(self, world):
        ticket = world.sign_in(Role.AGENT)

        assert "Written to helpdesk" in world.get(PLACE, ticket).body
        assert "Written to team" in world.get(f"{PLACE}?connection=team", ticket).body
        assert "Written to helpdesk" in world.get(f"{PLACE}?connection=another", ticket).body

    def test_the_newest_stand_first_and_lead_to_their_answers(self, world):
        page = world.get(f"{PLACE}?connection=shop", world.sign_in(Role.AGENT)).body
        links = re.findall(r'href="/app/responses/(\w+)"', page)

        assert links == [one.invitation_id for one in entries(world, "shop")[:50]]

    def test_what_needs_a_decision_alone(self, world):
        page = world.get(f"{PLACE}?connection=team&show=parked", world.sign_in(Role.AGENT)).body
        parked = [one for one in entries(world) if one.state is EntryState.PARKED]

        assert parked
        assert page.count('class="row ends"') == len(parked)
        assert "nobody can look it up" in page

    def test_older_ones_are_a_page_further(self, world):
        ticket = world.sign_in(Role.AGENT)
        first = world.get(f"{PLACE}?connection=shop", ticket).body
        [older] = re.findall(r'href="([^"]+before=[^"]+)"', first)
        second = world.get(older.replace("&amp;", "&"), ticket).body

        assert entries(world, "shop")[50].invitation_id in second
        assert entries(world, "shop")[49].invitation_id not in second

    def test_a_place_that_is_too_long_is_none(self, world):
        assert world.get(f"{PLACE}?connection=shop&before={'x' * 400}", world.sign_in(Role.AGENT)).status == 200

    def test_nobody_is_named(self, world):
        page = world.get(f"{PLACE}?connection=shop", world.sign_in(Role.AGENT)).body

        assert not any(id_ in page for id_ in world.table.people)

    def test_without_connections_it_says_how_to_make_one(self, world):
        console = replace(world.deps, actions=replace(world.actions, names={}))
        world.console = Console(console, ByRole(world.sessions, world.operators))

        assert "docs/workflows.md" in world.get(PLACE, world.sign_in(Role.AGENT)).body


class TestActs:
    def test_a_parked_entry_is_tried_again_and_noted(self, world):
        parked, ticket = one_in(world, EntryState.PARKED), world.sign_in(Role.AGENT)
        answer = world.post(PLACE, ticket, form(parked, "retry"))

        assert (answer.status, answer.headers["Location"]) == (303, f"{PLACE}?connection=team")
        assert world.actions.operate.outbox.entry("team", parked.place).state is EntryState.OPEN
        assert (world.audit.noted[-1].what, world.audit.noted[-1].whose) == (
            "console action retry",
            (parked.invitation_id,),
        )

    def test_or_dropped(self, world):
        parked = one_in(world, EntryState.PARKED)
        world.post(PLACE, world.sign_in(Role.AGENT), form(parked, "drop"))

        assert world.actions.operate.outbox.entry("team", parked.place).state is EntryState.DROPPED

    def test_only_what_a_receiver_knows_as_a_repeat_is_done_again(self, world):
        done, ticket = one_in(world, EntryState.DONE), world.sign_in(Role.AGENT)
        world.actions.operate.outbox.put([replace(done, connection="warehouse")])

        assert "Do it again" in world.get(f"{PLACE}?connection=warehouse", ticket).body
        assert "Do it again" not in world.get(f"{PLACE}?connection=team", ticket).body

    def test_a_notice_names_nobody_in_the_audit_trail(self, world):
        parked = one_in(world, EntryState.PARKED)
        outbox = world.actions.operate.outbox
        outbox.held["team", parked.place] = replace(parked, invitation_id="")
        world.post(PLACE, world.sign_in(Role.AGENT), form(parked, "drop"))

        assert world.audit.noted[-1].whose == ()

    @pytest.mark.parametrize("act", ["", "delete", "drop"])
    def test_what_cannot_be_done_changes_nothing(self, world, act):
        done = one_in(world, EntryState.DONE)
        answer = world.post(PLACE, world.sign_in(Role.AGENT), form(done, act))

        assert answer.status == 409
        assert world.actions.operate.outbox.entry("team", done.place) == done

    @pytest.mark.parametrize("place", ["", "nowhere", "x" * 400])
    def test_nor_does_an_entry_that_is_not_there(self, world, place):
        answer = world.post(PLACE, world.sign_in(Role.AGENT), f"connection=team&place={place}&act=drop")

        assert answer.status == 409

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST])
    def test_who_may_see_no_person_decides_nothing(self, world, role):
        parked = one_in(world, EntryState.PARKED)

        assert world.get(PLACE, world.sign_in(role)).status == 403
        assert world.post(PLACE, world.sign_in(role), form(parked, "drop")).status == 403


class TestBesideAnswers:
    def test_an_answer_says_what_it_set_in_motion(self, world):
        done = one_in(world, EntryState.DONE)
        page = world.get(f"/app/responses/{done.invitation_id}", world.sign_in(Role.AGENT)).body

        assert "What this answer set in motion" in page
        assert "Written to team: Message" in page

    def test_what_nobody_heard_of_is_not_certain(self, world):
        parked = one_in(world, EntryState.PARKED)
        page = world.get(f"/app/responses/{parked.invitation_id}", world.sign_in(Role.ANALYST)).body

        assert "not certain" in page

    def test_so_does_the_story_of_its_customer(self, world):
        done = one_in(world, EntryState.DONE, "helpdesk")
        who = world.table.invitations[done.invitation_id].customer_id
        page = world.get(f"/app/customers/{who}", world.sign_in(Role.AGENT)).body

        assert "Written to helpdesk: Ticket" in page


def test_connections_are_those_of_the_operators_file(tmp_path, monkeypatch):
    (tmp_path / "actions.toml").write_text('[connections.team]\nconnector = "slack"\n')
    monkeypatch.setattr("afterbill_console.adapters.actions.folder", lambda: tmp_path)

    assert configured() == {"team": "slack"}


def test_a_folder_without_the_file_has_none(tmp_path, monkeypatch):
    monkeypatch.setattr("afterbill_console.adapters.actions.folder", lambda: tmp_path)

    assert configured() == {}
