"""Words for what the template and the doctor call by names of their own."""

import re

from markupsafe import Markup, escape

from afterbill_actions.texts import Texts

_CODE = re.compile(r"`([^`]+)`")
_DEAD = "DeadLetters"


def alarm(name: str, t: Texts) -> str:
    """Return what an alarm says; its own name where nobody gave it a sentence."""
    if sentence := t.maybe(f"health.alarm_{name}", ""):
        return sentence
    stem = name.removesuffix("Alarm")
    if stem.endswith(_DEAD):
        return t("health.alarm_dead_letters", queue=queue(stem, t))
    if stem.endswith("Age"):
        return t("health.alarm_age", queue=queue(stem.removesuffix("Age"), t))
    if stem.endswith("Errors"):
        return t("health.alarm_errors", function=re.sub(r"(?<!^)(?=[A-Z])", "_", stem.removesuffix("Errors")).lower())
    if step := t.maybe(f"health.silent_{stem.removesuffix('Silent')}", ""):
        return t("health.alarm_silent", step=step)
    return name


def queue(name: str, t: Texts) -> str:
    """Return the word for a queue, or for the one whose dead letters are in it."""
    return t.maybe(f"health.queue_{name.removesuffix(_DEAD)}", name)


def coded(text: str) -> Markup:
    """Return a text as HTML: what stands between backticks is code."""
    # Escaped first; the only tags are our own.
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704
