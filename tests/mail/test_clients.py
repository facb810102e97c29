"""doiuse-email knows what mail programs understand; what ours do not is listed with the reason, and nothing else."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from afterbill_cli.preview import console_mails
from afterbill_cli.preview.mails import mails
from afterbill_cli.preview.variants import variants
from afterbill_dev.paths import LOCAL, ROOT
from tests.mail.accepted import ACCEPTED, CLIENTS, warnings

MODULES = LOCAL / "judges" / "node_modules"


@pytest.fixture(scope="module")
def found():
    """What doiuse-email says of every mail there is, in all programs."""
    node = shutil.which("node")
    if not node or not MODULES.is_dir():
        pytest.skip("no doiuse-email: it needs Node.js and npm on PATH, then `make setup` fetches it")
    asked = {"clients": CLIENTS, "mails": [html for mail in every_mail() for html in (mail, unconditional(mail))]}
    judged = subprocess.run(
        [node, Path(__file__).with_name("clients.mjs"), MODULES],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
    )
    assert judged.returncode == 0, judged.stderr
    return {warning for lines in json.loads(judged.stdout).values() for warning in lines}


def every_mail():
    """All of one language, for others differ in words alone; with a logo, and without."""
    (variant,) = variants(ROOT / "layers/config", ("en",))
    pictured = replace(variant, brand=replace(variant.brand, logo_url="https://example.com/logo.png"))
    surveys = [one.mail.html for each in (variant, pictured) for one in mails(each)]
    return [*surveys, *(one.mail.html for one in console_mails.mails(variant))]


def unconditional(html):
    """The same with the rules for phones and for the dark outside their conditions: inside, nobody reads them."""
    return re.sub(r"@media[^{]+\{((?:[^{}]+\{[^{}]*\})*)\s*\}", r"\1", html)


def test_mail_programs_miss_nothing_but_what_is_accepted(found):
    assert sorted(found - warnings()) == [], "is it needed? If so, tests/mail/accepted.py says why it does no harm"


def test_nothing_is_accepted_that_does_not_occur(found):
    assert sorted(warnings() - found) == [], "delete it from tests/mail/accepted.py"


@pytest.mark.parametrize("feature", ACCEPTED)
def test_a_warning_is_accepted_for_a_reason(feature):
    assert ACCEPTED[feature].because.endswith(".")


def test_the_rules_for_phones_are_judged_too():
    html = every_mail()[0]

    assert "@media" in html
    assert "@media" not in unconditional(html)
    assert ".box { width: 15.8% !important" in unconditional(html)
