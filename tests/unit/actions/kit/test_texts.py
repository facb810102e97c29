"""Texts for other systems: harmless, short, and the same everywhere."""

import pytest

from afterbill.model.invitation import Answer
from afterbill_actions.connectors._kit import texts
from tests.factories import invitation
from tests.unit.actions.answers import HAPPY, job


def test_an_answer_is_said_in_a_few_words() -> None:
    assert texts.headline(invitation(), HAPPY) == "NPS 9 of 10 (promoter)"
    assert texts.headline(invitation(segments={"question": "csat"}), Answer(2)) == "CSAT 2 of 5 (detractor)"


def test_a_job_without_an_answer_has_no_tags_and_no_version() -> None:
    assert (texts.score_tags(job(None)), texts.version(job(None)), texts.version(job(invitation=None))) == ([], "", "")
    assert texts.score_tags(job()) == ["NPS 3", "NPS detractor"]


@pytest.mark.parametrize("tag", ["NPS 0", "nps 10", "NPS Promoter"])
def test_scores_and_bands_of_a_question_are_known_again(tag: str) -> None:
    assert texts.is_score_tag(tag, invitation())


@pytest.mark.parametrize("tag", ["NPS 11", "CSAT 3", "NPS", "NPS 3 stars"])
def test_other_tags_are_not(tag: str) -> None:
    assert not texts.is_score_tag(tag, invitation())


@pytest.mark.parametrize(
    ("text", "tag"),
    [("a, b", "a  b"), ("  x ", "x"), ("a\nb", "a b"), ("y" * 50, "y" * 40)],
)
def test_a_tag_is_one_short_line_without_a_comma(text: str, tag: str) -> None:
    assert texts.tag(text, 40) == tag


def test_words_are_cut_and_nothing_in_them_is_obeyed() -> None:
    assert texts.plain("x" * 11, 10) == "x" * 9 + "…"
    assert texts.plain("\x1b[31m{{ shop }} {% raw %}\u202e") == "{ { shop }} { % raw %}"


def test_each_line_of_a_comment_begins_with_a_word_of_ours() -> None:
    answer = Answer(3, "=1+1", reason="delivery", contact_ok=True)

    assert texts.comment_lines(answer) == ["Reason: delivery", "Comment: =1+1", "May be contacted about it."]
    assert texts.comment_lines(Answer(3, "  ")) == []


def test_html_shows_words_as_words() -> None:
    assert texts.as_html(['<b> & "', "two\nlines"]) == "&lt;b&gt; &amp; &quot;<br>two<br>lines"
