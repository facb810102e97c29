"""My settings: the language, digests and alerts of whoever is signed in, and the end of all sessions."""

from dataclasses import replace

from afterbill_actions.texts import LANGUAGES
from afterbill_console.answer import redirect
from afterbill_console.deps import ConsoleDeps
from afterbill_console.preferences import Alert, Cadence, Choices, offered
from afterbill_console.visit import Content, Shown, Visit

PLACE = "/app/me"


def show(visit: Visit, deps: ConsoleDeps) -> Shown:
    """Return the page."""
    choices = deps.preferences.load(visit.session.operator)
    return Content(
        "me.html",
        {
            "saved": visit.request.query.get("saved") == "1",
            "roles": sorted(visit.session.roles),
            "languages": LANGUAGES,
            "cadences": tuple(Cadence),
            "chosen": choices.digest,
            "alerts": offered(visit.session.roles),
            "wanted": choices.wanted(visit.session.roles),
        },
    )


def change(visit: Visit, deps: ConsoleDeps) -> Shown:
    """Store what was chosen, or end every session of the operator."""
    operator = visit.session.operator
    if visit.form.get("do") == "end_sessions":
        deps.sessions.end_all(operator)
        return redirect("/app")
    choices = _chosen(visit, deps.preferences.load(operator))
    deps.preferences.store(operator, choices)
    if choices.language != visit.session.language:
        deps.sessions.renew(replace(visit.session, language=choices.language))
    return redirect(f"{PLACE}?saved=1")


def _chosen(visit: Visit, before: Choices) -> Choices:
    """Return the choices of the form; what it does not offer, or sends wrongly, stays as it was."""
    language, digest = visit.form.get("language", ""), visit.form.get("digest", "")
    chosen = {alert for alert in offered(visit.session.roles) if visit.form.get(f"alert_{alert}") == "on"}
    kept = {alert for alert in before.alerts or () if alert not in offered(visit.session.roles)}
    return Choices(
        language if language in LANGUAGES else visit.session.language,
        Cadence(digest) if digest in set(Cadence) else before.digest,
        frozenset[Alert](chosen | kept),
    )
