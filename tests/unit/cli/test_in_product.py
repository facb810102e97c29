"""`afterbill in-product key`, and what the documentation tells backends to do with it."""

import re
import shutil
import subprocess
from textwrap import dedent

import pytest

from afterbill.adapters.aws.secret_keys import SecretKeys
from afterbill.adapters.aws.secrets import Secret
from afterbill.answers.in_product import proven, user_hash
from afterbill_cli import cli, deployed, in_product
from afterbill_dev.paths import ROOT

USERS = ["cus_1", "42", "Zoë O'Neill", "日本 🎉", 'a"b\\c']
PAGE = (ROOT / "docs" / "in-product.md").read_text(encoding="utf-8")


def shown(stack, capsys, *, new=False):
    assert in_product.show(stack, new=new) == 0
    return capsys.readouterr().out.strip()


def known(stack):
    secret = Secret(stack.client("secretsmanager"), stack.output("KeysSecretArn"), lambda: 0.0)
    return SecretKeys(secret).in_product()


def test_the_secret_is_always_the_same_until_another_is_made(stack, capsys):
    first = shown(stack, capsys)

    assert first == shown(stack, capsys) == known(stack)[0]
    assert re.fullmatch("[0-9a-f]{64}", first)


def test_a_new_one_leaves_the_one_before_until_the_next(stack, capsys):
    first, second = shown(stack, capsys), shown(stack, capsys, new=True)
    between = known(stack)
    third = shown(stack, capsys, new=True)

    assert (between, known(stack)) == ([second, first], [third, second])
    assert shown(stack, capsys) == third


def test_it_is_a_command(stack, capsys, monkeypatch):
    monkeypatch.setattr(deployed, "connect", lambda _chosen: stack)

    assert cli.main(["in-product", "key"]) == 0
    assert capsys.readouterr().out.strip() == known(stack)[0]


def snippet(language):
    """The code of the page in that language."""
    (code,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return dedent(code)


def run(program, code, user):
    ended = subprocess.run(
        [*program, code],
        input="",
        capture_output=True,
        text=True,
        check=True,
        env={"AFTERBILL_SECRET": "s3cret", "USER_ID": user, "PATH": "/usr/bin:/bin"},
    )
    return ended.stdout.strip()


@pytest.mark.parametrize("user", USERS)
def test_the_snippet_for_python_proves_a_user(user, monkeypatch):
    monkeypatch.setenv("AFTERBILL_SECRET", "s3cret")
    names: dict[str, object] = {}
    exec(snippet("python"), names)  # noqa: S102  # it is ours, and this is what the test is about

    made = names["afterbill_hash"](user)  # type: ignore[operator]  # a function of the snippet

    assert proven(user, made, ["s3cret"])


@pytest.mark.parametrize(
    ("program", "language", "ending"),
    [
        (["node", "--input-type=module", "-e"], "javascript", "console.log(afterbillHash(process.env.USER_ID));"),
        (["php", "-r"], "php", "echo afterbill_hash(getenv('USER_ID'));"),
    ],
    ids=["node", "php"],
)
def test_the_snippets_for_other_languages_say_the_same(program, language, ending):
    path = shutil.which(program[0])
    if not path:
        pytest.skip(f"no {program[0]} on PATH to run the snippet with")
    code = snippet(language).replace("<?php\n", "") + ending

    assert [run([path, *program[1:]], code, user) for user in USERS] == [user_hash(user, "s3cret") for user in USERS]
