"""Pages that show every mail and text message as its recipient would see it, and let one click through."""

import json
import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from afterbill_dev.local.mailbox import SentMail, Text

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1c1c1c }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem } a { color: #0b57d0 }
table { border-collapse: collapse; width: 100% } th { text-align: left; vertical-align: top; white-space: nowrap }
td, th { padding: .4rem .8rem .4rem 0; border-bottom: 1px solid #ddd; overflow-wrap: anywhere }
iframe { width: 100%; height: 44rem; border: 1px solid #bbb; background: #fff }
pre { white-space: pre-wrap; border: 1px solid #bbb; padding: 1rem }
button { font: inherit; padding: .3rem .8rem }
"""
LINK = re.compile(r"https?://[^\s<>\"']+")
OPEN_NEW = '<base target="_blank">'
RELOAD = '<meta http-equiv="refresh" content="3">'
SANDBOX = "allow-forms allow-popups allow-popups-to-escape-sandbox"


def list_page(mails: Sequence[SentMail], texts: Sequence[Text] = ()) -> str:
    """All mails, the newest first, then all text messages by number; it reloads itself."""
    rows = "".join(
        f"<tr><td>{mail.sent_at:%H:%M:%S}</td><td>{escape(', '.join(mail.recipients))}</td>"
        f'<td><a href="/mails/{escape(mail.message_id)}">{escape(mail.subject)}</a></td></tr>'
        for mail in reversed(mails)
    )
    empty = "" if mails else "<p>No mail yet. A survey goes out some 20 to 40 seconds after its billing event.</p>"
    head = "<tr><th>Sent (UTC)</th><th>To</th><th>Subject</th></tr>"
    return _page(f"{len(mails)} mails", f"<table>{head}{rows}</table>{empty}{_texts(texts)}", RELOAD)


def _texts(texts: Sequence[Text]) -> str:
    rows = "".join(f"<tr><td>{escape(one.number)}</td><td>{_linked(one.text)}</td></tr>" for one in texts)
    head = "<tr><th>Number</th><th>Text</th></tr>"
    return f"<h2>{len(texts)} text messages</h2><table>{head}{rows}</table>" if texts else ""


def mail_page(mail: SentMail) -> str:
    """One mail: headers, HTML part in a frame that can run nothing, text part."""
    usual = (("From", mail.sender), ("To", ", ".join(mail.recipients)), ("Subject", mail.subject))
    return _page(
        mail.subject,
        '<p><a href="/">All mails</a></p>'
        + _table((*usual, *mail.headers))
        + _unsubscribe_button(mail)
        + "<h2>HTML</h2>"
        + f'<iframe title="HTML part" sandbox="{SANDBOX}" srcdoc="{escape(OPEN_NEW + mail.html)}"></iframe>'
        + f"<h2>Text</h2><pre>{_linked(mail.text)}</pre>"
        + "<h2>Tags</h2>"
        + _table(mail.tags.items()),
    )


def mails_as_json(mails: Iterable[SentMail]) -> str:
    """All mails, the oldest first, for programs."""
    return json.dumps([_fields(mail) for mail in mails], indent=1)


def texts_as_json(texts: Iterable[Text]) -> str:
    """All text messages, for programs; those to one number in their order."""
    return json.dumps([{"message_id": one.message_id, "to": one.number, "text": one.text} for one in texts], indent=1)


def _fields(mail: SentMail) -> dict[str, Any]:
    return {
        "message_id": mail.message_id,
        "sent_at": mail.sent_at.isoformat(),
        "from": mail.sender,
        "to": list(mail.recipients),
        "subject": mail.subject,
        "text": mail.text,
        "html": mail.html,
        "headers": [list(header) for header in mail.headers],
        "tags": dict(mail.tags),
        "configuration_set": mail.configuration_set,
    }


def _unsubscribe_button(mail: SentMail) -> str:
    """Return the button that a mail program shows for the one-click headers of RFC 8058."""
    link = re.search(r"<(https?://[^>]+)>", mail.header("List-Unsubscribe"))
    name, _, value = mail.header("List-Unsubscribe-Post").partition("=")
    if link is None or not value:
        return ""
    field = f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
    return f'<form method="post" target="_blank" action="{escape(link[1])}">{field}<button>Unsubscribe</button></form>'


def _linked(text: str) -> str:
    """Plain text with its addresses to click."""
    parts = LINK.split(text)
    links = [f'<a target="_blank" href="{escape(link)}">{escape(link)}</a>' for link in LINK.findall(text)]
    return "".join(escape(part) + link for part, link in zip(parts, [*links, ""], strict=True))


def _table(rows: Iterable[tuple[str, str]]) -> str:
    cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return f"<table>{cells}</table>"


def _page(title: str, body: str, head: str = "") -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>{head}'
        f"<style>{STYLE}</style></head><body><h1>{escape(title)}</h1>{body}</body></html>"
    )
