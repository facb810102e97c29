"""The script that pages load is what its source says, and small."""

import re
import shutil
import subprocess

import pytest

from afterbill_dev.generate import widget

BUDGET = 7000
"""Bytes, before any compression."""


def test_what_is_served_was_made_from_the_source():
    assert widget.MADE.read_text(encoding="utf-8") == widget.made(), "run `python -m afterbill_dev.generate.widget`"


def test_it_keeps_to_its_budget():
    assert widget.MADE.stat().st_size < BUDGET


def test_it_is_a_script():
    node = shutil.which("node")
    if not node:
        pytest.skip("no Node.js on PATH to parse it")

    checked = subprocess.run([node, "--check", widget.MADE], capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stderr


def test_it_takes_no_html_from_texts_and_keeps_nothing():
    source = (widget.FOLDER / "widget.js").read_text(encoding="utf-8")

    code = "\n".join(line.partition("//")[0] for line in source.splitlines())
    assert not [word for word in ("innerHTML", "cookie", "Storage", "eval(", "style=") if word in code]


@pytest.mark.parametrize(
    ("source", "small"),
    [
        ("const one = 1;\nconst two = one; // said\nconst three = { one: two };", "const a=1,b=a,c={one:b};"),
        ('let text = "one // two";', 'let a="one // two";'),
        ("const yes = true;\nif (yes) return false;\nconst no = 0;", "const a=!0;if(a)return!1;const b=0;"),
        ("const call = (first, ...rest) => first.rest(...rest);", "const c=(b,...a)=>b.rest(...a);"),
        ("const f = () => { const x = 1; const y = 2; return x; };", "const b=()=>{const a=1,c=2;return a};"),
        ("try { run(); } catch (problem) { say(problem); }", "try{run()}catch(a){say(a)}"),
        ("const f = (one) => one;\nconst g = async (one) => one;", "const b=a=>a,c=async(a)=>a;"),
        ("const f = () => { return (one) => one; };", "const b=()=>{return(a)=>a};"),
        ("const name = 1;\nsay(`a ${name}`);", "const a=1;say(`a ${a}`);"),
    ],
)
def test_names_and_blanks_go_and_texts_and_properties_stay(source, small):
    made = widget.squeezed(source, widget.renamed(source))

    assert made == small


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("const o = { alpha };", "line 1: say { alpha: alpha }"),
        ("const a = 1;\nconst o = {\n  b: 2,\n  a,\n};", "line 4: say { a: a }"),
        ("const { a } = b;", "line 1: say { a: a }"),
        ("run()\nrun();", "line 2: no semicolon before run"),
        ("one++ // said\nrun();", "line 2: no semicolon before run"),
        ("const a = `1`\nconst b = 2;", "line 2: no semicolon before const"),
        ("const f = () => {\n  run();\n}\nrun();", "line 4: no semicolon before run"),
        ("const o = { a: 1 }\n(run)();", "line 2: no semicolon before ("),
    ],
)
def test_what_would_come_out_as_another_program_is_refused(source, problem):
    with pytest.raises(ValueError, match=re.escape(problem)):
        widget.squeezed(source, {})


@pytest.mark.parametrize(
    "source",
    [
        "try {\n  run();\n} catch {}\nrun();",
        "if (a) run();\nelse stop();",
        "let a, b, c;\nrun(a, b, c);",
        "const o = {\n  a: 1,\n  ...more,\n};",
        "run(\n  a,\n  b ||\n    c,\n)\n  .then(d);",
    ],
)
def test_what_goes_on_in_another_line_is_not(source):
    assert widget.squeezed(source, {})


def test_a_style_sheet_keeps_the_blanks_that_mean_something():
    sheet = "/* no */ a b, .c > d { margin: 1em calc(100vw - 2em); color: red !important; }\n:x + span { top: 0; }"

    assert widget.style(sheet) == "a b,.c>d{margin:1em calc(100vw - 2em);color:red!important}:x+span{top:0}"
