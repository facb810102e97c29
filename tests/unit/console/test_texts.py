"""The catalogs: each text in every language with the same values, none missing, and none that nobody uses."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from string import Formatter

import pytest
from jinja2 import Environment, nodes

from afterbill_actions.texts import LANGUAGES, Texts
from afterbill_console.texts import FOLDERS, catalog, texts
from afterbill_dev.paths import ROOT

PACKAGE = ROOT / "layers" / "console" / "afterbill_console"
ACTIONS = ROOT / "layers" / "actions" / "afterbill_actions"
CODE = [PACKAGE, ACTIONS, ROOT / "functions", ROOT / "afterbill_cli"]
SHARED = "words."
"""Its texts are named after what reports hold; that each is needed its own tests say."""
FORMS = ("_one", "_other")
ENGLISH = catalog("en")
ANY = "\0"
"""Stands in a key for what is known only when it runs."""


@dataclass(frozen=True)
class Use:
    """A text that a template or a module asks for: a key, perhaps with parts that are not known, and its values."""

    place: str
    key: str
    values: frozenset[str]
    whole: bool = True
    """False where more values may come with `**`."""
    optional: bool = False

    @property
    def keys(self) -> list[str]:
        """The keys of the catalog that it may mean."""
        if ANY not in self.key:
            return [self.key] if self.key in ENGLISH else [f"{self.key}{form}" for form in FORMS]
        pattern = ".+".join(map(re.escape, self.key.split(ANY)))
        return [key for key in ENGLISH if re.fullmatch(f"{pattern}(_one|_other)?", key)]


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@cache
def uses() -> list[Use]:
    templates = [path for path in PACKAGE.rglob("*") if path.suffix in {".html", ".txt", ".xml", ".j2"}]
    modules = [
        path
        for folder in CODE
        for path in folder.rglob("*.py")
        if "afterbill_console" in path.read_text("utf-8") or ACTIONS in path.parents
    ]
    modules += [path for path in PACKAGE.rglob("*.py") if path not in modules]
    return [use for path in templates for use in used_in_template(path)] + [
        use for path in modules for use in used_in_code(path)
    ]


def used_in_template(path) -> Iterator[Use]:
    tree = Environment(trim_blocks=True, lstrip_blocks=True, autoescape=True).parse(path.read_text("utf-8"))
    for call in tree.find_all(nodes.Call):
        optional = isinstance(call.node, nodes.Getattr) and call.node.attr == "maybe"
        asked = call.node.node if optional else call.node
        name = asked.attr if isinstance(asked, nodes.Getattr) else getattr(asked, "name", "")
        if name == "t" and call.args:
            values = frozenset(one.key for one in call.kwargs)
            yield Use(path.name, template_key(call.args[0]), values, call.dyn_kwargs is None, optional)


def template_key(node) -> str:
    if isinstance(node, nodes.Const):
        return str(node.value)
    if isinstance(node, nodes.Concat):
        return "".join(map(template_key, node.nodes))
    return template_key(node.left) + template_key(node.right) if isinstance(node, nodes.Add) else ANY


def used_in_code(path) -> Iterator[Use]:
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in ENGLISH:
            yield Use(path.name, node.value, frozenset(), whole=False)
        if isinstance(node, ast.Call) and node.args and (name := called(node.func)):
            values = frozenset(one.arg for one in node.keywords if one.arg)
            everything = all(one.arg for one in node.keywords)
            key = code_key(node.args[0])
            if "." in key.replace(ANY, ""):
                yield Use(path.name, key, values, everything, name == "maybe")


def called(function: ast.expr) -> str:
    """`t(...)`, `visit.t(...)`, `self._t(...)` and `t.maybe(...)`."""
    if isinstance(function, ast.Attribute) and function.attr == "maybe":
        return "maybe" if called(function.value) else ""
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return "t" if name in {"t", "_t"} else ""


def code_key(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(code_key(part) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return code_key(node.left) + code_key(node.right)
    return ANY


@pytest.mark.parametrize("language", LANGUAGES[1:])
class TestLanguages:
    def test_there_are_the_same_texts(self, language):
        assert catalog(language).keys() == ENGLISH.keys()

    def test_they_take_the_same_values(self, language):
        other = catalog(language)
        different = [
            key
            for key in ENGLISH.keys() & other.keys()
            # Of one it may be said in words.
            if placeholders(ENGLISH[key]) - {"n"} != placeholders(other[key]) - {"n"}
            or (not key.endswith("_one") and placeholders(ENGLISH[key]) != placeholders(other[key]))
        ]

        assert different == []


@pytest.mark.parametrize("language", LANGUAGES)
class TestOneLanguage:
    def test_every_text_says_something_and_is_no_markup(self, language):
        assert [key for key, text in catalog(language).items() if not text.strip() or "<" in text or "&" in text] == []

    def test_of_two_forms_there_are_both(self, language):
        keys = catalog(language).keys()
        lone = [key for key in keys if key.endswith("_one") and f"{key.removesuffix('_one')}_other" not in keys]

        assert lone == []

    def test_a_file_is_sorted(self, language):
        for file in (file for folder in FOLDERS for file in (folder / language).glob("*.toml")):
            keys = re.findall(r"^(\w+) = ", file.read_text("utf-8"), re.MULTILINE)

            assert keys == sorted(keys), file.name

    def test_quotes_and_dashes_are_those_of_print(self, language):
        wrong = {"en": r"\"|'|--|„", "de": r"\"|'|--|”|\b[Dd](ich|ein|eine|einen|ir)\b"}[language]
        code = r"`[^`]*`|--\w+"
        said = {key: re.sub(code, "", text) for key, text in catalog(language).items()}
        found = {key: text for key, text in said.items() if re.search(wrong, text)}

        assert found == {}


class TestUses:
    def test_every_text_that_is_asked_for_is_there(self):
        missing = {
            (use.place, use.key.replace(ANY, "*"))
            for use in uses()
            if not use.optional and not any(key in ENGLISH for key in use.keys)
        }

        assert missing == set()

    def test_every_text_gets_its_values(self):
        lacking = {
            (use.place, use.key)
            for use in uses()
            if use.whole and not use.optional and ANY not in use.key
            for key in use.keys
            if placeholders(ENGLISH.get(key, "")) - use.values
        }

        assert lacking == set()

    def test_no_text_is_unused(self):
        used = {key for use in uses() for key in use.keys}

        assert [key for key in ENGLISH if key not in used and not key.startswith(SHARED)] == []


class TestTexts:
    def test_a_language_that_is_none_of_ours_is_english(self):
        assert texts("fr").language == "en"

    def test_the_number_chooses_the_form(self):
        t = Texts("en", {"a.answers_one": "one answer", "a.answers_other": "{n} answers"})

        assert [t("a.answers", n=n) for n in (0, 1, 2)] == ["0 answers", "one answer", "2 answers"]

    def test_what_is_missing_is_a_mistake_of_ours(self):
        with pytest.raises(KeyError):
            texts("en")("shell.nothing_of_that_name")
        with pytest.raises(KeyError):
            texts("en")("shell.computed_at")

    def test_a_name_of_the_operators_own_stands_as_it_is(self):
        assert texts("de").maybe("words.plan_Team", "Team") == "Team"
        assert texts("de").maybe("shell.apply", "") == "Anzeigen"
