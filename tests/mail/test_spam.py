"""SpamAssassin's own rules find nothing in our mails: a score under 1, where 5 is spam."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace

import pytest

from afterbill_cli.preview import console_mails
from afterbill_cli.preview.mails import mails
from afterbill_cli.preview.variants import variants
from afterbill_dev.paths import ROOT
from tests.mail.received import SES, message_id, received

GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
"""What every SpamAssassin takes for spam; https://spamassassin.apache.org/gtube/"""
SETTINGS = ("--cf=use_bayes 0", "--cf=report_safe 0", "--cf=add_header all Hits _TESTSSCORES(,)_")
UNALIGNED = "without a MAIL FROM domain"

Hits = Mapping[str, float]
"""The rules that a mail hits, with their scores."""


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """Every mail there is, and two that differ, by one SpamAssassin."""
    if not shutil.which("spamassassin"):
        pytest.skip("no SpamAssassin on PATH; Debian's package is `spamassassin`")
    named = {
        f"{variant.name} {one.name}": one.mail
        for variant in variants(ROOT / "layers/config")
        for one in (*mails(variant), *console_mails.mails(variant))
    }
    named["spam"] = replace(named["en renewed"], text=GTUBE, html=f"<p>{GTUBE}</p>")
    messages = [received(one, number) for number, one in enumerate(named.values())]
    names = [*named, UNALIGNED]
    messages.append(received(named["en renewed"], len(named), envelope=SES))
    found = judge(messages, tmp_path_factory.mktemp("home"))
    return {name: found[message_id(number)] for number, name in enumerate(names)}


def judge(messages: list[bytes], home) -> dict[str, Hits]:
    """The hits by message id, from one start for all, which takes longer than they do; no network, no habits."""
    ran = subprocess.run(
        ["spamassassin", "--local", "--mbox", *SETTINGS],  # noqa: S607  # the one on PATH, as Debian installs it
        input=b"".join(map(as_mbox, messages)),
        env=os.environ | {"HOME": str(home)},
        capture_output=True,
        timeout=200,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr.decode()
    headers = re.findall(
        r"^X-Spam-Hits:(.*(?:\n[ \t].*)*)(?:\n.+)*?\nMessage-ID: <([^@]+)",
        ran.stdout.decode("utf-8", "replace"),
        re.MULTILINE,
    )
    return {id_: {rule: float(score) for rule, score in re.findall(r"(\w+)=([-\d.]+)", hits)} for hits, id_ in headers}


def as_mbox(message: bytes) -> bytes:
    lines = message.replace(b"\r\n", b"\n")
    return (
        b"From survey Sun Nov 22 09:30:00 2026\n" + re.sub(rb"^(>*From )", rb">\1", lines, flags=re.MULTILINE) + b"\n"
    )


def test_no_mail_in_any_language_scores_a_point(judged):
    suspicious = {name: hits for name, hits in judged.items() if sum(hits.values()) >= 1}

    assert suspicious.keys() - {"spam", UNALIGNED} == set(), suspicious


def test_the_return_path_of_ses_itself_is_held_against_a_mail(judged):
    """By a point in Debian's rules: docs/mail.md asks for a MAIL FROM domain of one's own."""
    assert judged[UNALIGNED].keys() - judged["en renewed"].keys() == {"HEADER_FROM_DIFFERENT_DOMAINS"}


def test_the_judge_is_awake(judged):
    assert judged["spam"]["GTUBE"] == 1000
