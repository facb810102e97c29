"""Each kind of client once over the real handler, and the result."""

from playwright.sync_api import Browser

from afterbill.model.invitation import Answer
from afterbill.model.visits import Integrity
from afterbill_dev.lab.browser_actions import ACTIONS
from afterbill_dev.lab.browser_clients import ServedMail
from afterbill_dev.lab.server import Laboratory, serving


def play(name: str, browser: Browser, integrity: Integrity) -> Laboratory:
    """Let one kind use a mail, review its clicks, and return the laboratory."""
    laboratory = Laboratory(integrity)
    laboratory.pass_time(5)
    laboratory.harness.deliver()
    laboratory.pass_time(60)
    with serving(laboratory) as address:
        ACTIONS[name][0](ServedMail(laboratory, browser, address))
    laboratory.pass_time(integrity.settling.total_seconds() + 1)
    laboratory.harness.review()
    return laboratory


def report(integrity: Integrity, browser: Browser) -> str:
    """Return a line for each kind: its requests and the recorded answer."""
    lines = ["What each kind causes: real requests, in Chromium where it has a browser", ""]
    for name in ACTIONS:
        invitation = play(name, browser, integrity).harness.invitation
        uses = (
            str(visit.kind) if visit.rating is None else f"{visit.kind}:{visit.rating}" for visit in invitation.visits
        )
        lines.append(f"{name:34}  {_said(invitation.answer):13}  {invitation.label:35}  {' '.join(uses)[:60]}".rstrip())
    return "\n".join(lines)


def _said(answer: Answer | None) -> str:
    if answer is None:
        return "no answer"
    return f"{answer.rating}" if answer.confirmed else f"{answer.rating} unconfirmed"
