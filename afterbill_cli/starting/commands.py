"""`afterbill init`: ask five questions, and make the operator's folder."""

from pathlib import Path

import click

from afterbill.model.errors import ConfigurationError
from afterbill.settings.config import read_toml
from afterbill_cli import options
from afterbill_cli.configuration import BRAND, SHIPPED, VARIABLE
from afterbill_cli.examples import examples
from afterbill_cli.starting.answers import Answers, Question, questions, suggested
from afterbill_cli.starting.folder import make, place_problem


@click.command("init")
@click.argument("folder", type=options.FILE)
@click.option("--company", metavar="NAME", help="Name that your customers know.")
@click.option("--email", metavar="ADDRESS", help="Your own address: alarms come there, and replies of customers.")
@click.option("--sender", metavar="ADDRESS", help="Address the surveys come from, at a domain of yours.")
@click.option("--language", metavar="NAME", help="Language of customers whose own is unknown, such as de-informal.")
@click.option("--source", metavar="PROVIDER", help="Billing system, such as stripe.")
@click.option("--yes", is_flag=True, help="Ask nothing; examples stand for what no option says.")
def command(*, folder: Path, yes: bool, **given: str | None) -> int:
    """Make a folder of your own for configuration and deployment.

    It lies outside the checkout, which `git pull` changes. What no option says is asked.
    """
    if not SHIPPED.is_dir():
        raise ConfigurationError(f"there is no {SHIPPED}: run this in a checkout of afterbill")
    if problem := place_problem(folder):
        raise ConfigurationError(problem)
    answers = {name: _checked(question, given[name], name) for name, question in questions().items() if given[name]}
    for name, question in questions().items():
        if name not in answers:
            answers[name] = question.example if yes else _ask(question, suggested(name, answers))
    make(folder, Answers(**answers))
    _tell(folder, answers["source"])
    return 0


def _checked(question: Question, answer: str | None, name: str) -> str:
    answer = (answer or "").strip()
    if problem := question.problem(answer):
        raise click.BadParameter(problem, param_hint=f"--{name}")
    return answer


def _ask(question: Question, suggestion: str) -> str:
    """Ask until the answer can be used."""

    def read(answer: str) -> str:
        if problem := question.problem(answer.strip()):
            raise click.UsageError(problem)
        return answer.strip()

    answer: str = click.prompt(question.text, default=suggestion or None, value_proc=read)
    return answer


def _tell(folder: Path, source: str) -> None:
    print(f"{folder} is your configuration; keep it in a repository of its own.")
    if shipped := examples(read_toml(folder / BRAND)):
        print(f"Examples that customers must not read are left in {folder / BRAND}: {', '.join(shipped)}")
    print(f"""Next, in the checkout of afterbill:
  export {VARIABLE}={folder.resolve()}
  .venv/bin/afterbill policy check
  make deploy
  .venv/bin/afterbill source add {source}""")
