"""Making the operator's folder: the shipped settings with her answers, and where to deploy them."""

import json
import re
from pathlib import Path

from afterbill.connectors import registry
from afterbill.model.errors import ConfigurationError
from afterbill.settings.config import INFORMAL, SURVEYS
from afterbill_cli import local_stack, policy, samconfig
from afterbill_cli.configuration import ACTIONS, BRAND, SHIPPED
from afterbill_cli.interpreters import newest
from afterbill_cli.starting.answers import Answers, region, time_zone

_SOURCES = re.compile(r"(?:^\[sources\.[\w-]+\]\n(?:[\w-]+ = .*\n)*\n*)+", re.MULTILINE)
_TESTS = re.compile(r"^# \[test\]\n# (recipients) = .*\n# (delay = .*)$", re.MULTILINE)
_SAMCONFIG = """\
# Where `make deploy` deploys to. docs/deploy.md lists the parameters; a change counts with the next `make deploy`.
# Keep Runtime as it is while this Python is at hand: the layers are built for it.
version = 0.1

[default.deploy.parameters]
stack_name = "afterbill"
region = {region}
capabilities = "CAPABILITY_IAM"
resolve_s3 = true
confirm_changeset = true
fail_on_empty_changeset = false
parameter_overrides = [
  {sender},
  {alarms},
  {runtime},
]
"""
_IGNORED = """\
# Lists of customers and answers are personal data: they do not belong into a repository.
*.csv
*.jsonl
*.xlsx
.env
.DS_Store
"""
_README = """\
# Surveys of {company}

This configuration of afterbill is yours: `git pull` in the checkout of afterbill never touches it. Keep it in a
repository of its own.

| file | holds |
|---|---|
| `surveys.toml` | whom to ask, when, and how often; the billing systems |
| `brand.toml` | what customers see of you: names, colours, imprint, privacy notice |
| `actions.toml` | what an answer sets in motion in your shop, helpdesk and chat; nothing until you say so |
| `samconfig.toml` | stack, region and parameters of the deployment |
| `locales/de.toml` and so on | only the texts you word differently, under `[texts]`; all others come with afterbill |
| `templates/` | templates of your own, in place of those that come with afterbill |

In the checkout of afterbill:

    export AFTERBILL_CONFIG={folder}
    .venv/bin/afterbill policy check
    make preview
    make deploy

An empty file `locales/es.toml` takes its language away. A secret belongs into none of these files: `afterbill source
add` asks for it and stores it in AWS. The steps are in docs/deploy.md of the checkout.
"""


def place_problem(folder: Path) -> str:
    """Say why the folder cannot be made here; empty where it can."""
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        return f"{folder} is not empty, and nothing is ever overwritten: name a new folder"
    if folder.resolve().is_relative_to(local_stack.ROOT.resolve()):
        return f"{folder} lies in the checkout of afterbill, which `git pull` changes: try ../{folder.name}"
    return ""


def make(folder: Path, answers: Answers) -> None:
    """Write the folder, which `afterbill policy check` accepts; ConfigurationError where the shipped files are bad."""
    files = {
        BRAND: _brand((SHIPPED / BRAND).read_text(encoding="utf-8"), answers),
        SURVEYS: _surveys((SHIPPED / SURVEYS).read_text(encoding="utf-8"), answers),
        ACTIONS: (SHIPPED / ACTIONS).read_text(encoding="utf-8"),
        samconfig.FILE: _samconfig(answers),
        ".gitignore": _IGNORED,
        "README.md": _README.format(company=answers.company, folder=folder.resolve()),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    if problems := policy.problems(folder):
        raise ConfigurationError("\n           ".join(problems))


def _brand(text: str, answers: Answers) -> str:
    language = answers.language.removesuffix(INFORMAL)
    settings = {
        "company": answers.company,
        "product": answers.company,
        "sender_name": answers.company,
        "reply_to": answers.email,
        "default_locale": language,
        "informal": [language] if answers.language != language else [],
    }
    for key, value in settings.items():
        text = _with(text, key, json.dumps(value, ensure_ascii=False))
    return text


def _surveys(text: str, answers: Answers) -> str:
    text = _with(text, "time_zone", json.dumps(time_zone()))
    text = _TESTS.sub(lambda found: f"[test]\n{found[1]} = {json.dumps([answers.email])}\n{found[2]}", text, count=1)
    return _SOURCES.sub(lambda _: f"{_source(answers.source)}\n", text, count=1)


def _source(provider: str) -> str:
    """Return the table of the billing system; one that needs to be told more is left to `afterbill source add`."""
    connector = registry.load(provider)
    if connector.ABOUT.needs:
        return (
            f"[sources]\n# `afterbill source add {provider}` prints the table [sources.{provider}] that belongs here.\n"
        )
    mode = "test_mode = false       # whether events of the provider's test mode may reach a mailbox"
    return f'[sources.{provider}]\nprovider = "{provider}"\n{mode}\n'


def _samconfig(answers: Answers) -> str:
    return _SAMCONFIG.format(
        region=json.dumps(region()),
        sender=json.dumps(f"SenderAddress={answers.sender}"),
        alarms=json.dumps(f"AlarmEmail={answers.email}"),
        runtime=json.dumps(f"Runtime={newest()}"),
    )


def _with(text: str, key: str, value: str) -> str:
    """Give the first setting of this name another value; the comments stay."""
    return re.sub(rf"^{key} = .*$", lambda _: f"{key} = {value}", text, count=1, flags=re.MULTILINE)
