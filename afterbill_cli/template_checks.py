"""Mistakes in an operator's own templates, found by reading them: nothing may fail when a mail is due."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, TemplateSyntaxError, meta, nodes

from afterbill.content.brand import Brand
from afterbill.content.catalog import TEXTS
from afterbill.content.mail import render
from afterbill.content.web import pages
from afterbill.model.errors import ConfigurationError
from afterbill.model.invitation import Answer
from afterbill.model.questions import Scale
from afterbill.model.suggestions import did_you_mean
from afterbill.settings.config import read_text

_OF_ANSWER = {one.name for one in fields(Answer)}
_ATTRIBUTES: Mapping[str, Collection[str]] = {
    "brand": {one.name for one in fields(Brand)} | {"names", "voice"},
    "draft": {one.name for one in fields(pages.Draft)},
    "recorded": _OF_ANSWER,
    "answer": _OF_ANSWER,
    "scale": {one.name for one in fields(Scale)} | {"ratings"},
}
"""Attributes of the objects that templates receive."""


@dataclass(frozen=True)
class _Kind:
    """Templates of one kind: where ours are, what each is given, and what files beside ours may use."""

    shipped: Path
    variables: Mapping[str, frozenset[str]]
    others: frozenset[str]


_MAILS = (path.relative_to(render.TEMPLATES).as_posix() for path in render.TEMPLATES.rglob("*.*"))
_KINDS = {
    "mail": _Kind(render.TEMPLATES, dict.fromkeys(_MAILS, render.VARIABLES), render.VARIABLES),
    "web": _Kind(pages.TEMPLATES, pages.VARIABLES, pages.VARIABLES["page.html"]),
}
_FOLDERS = f"; there are the folders {' and '.join(_KINDS)}"


def template_problems(folder: Path) -> Iterator[str]:
    """Every mistake in `folder`, by file and line; none where there is no such folder."""
    for path in sorted(folder.glob("*")):
        kind = _KINDS.get(path.name)
        if kind is None:
            yield f"{folder.name}: {did_you_mean(path.name, _KINDS, _FOLDERS)}"
        else:
            yield from (f"{folder.name}/{path.name}/{problem}" for problem in _kind_problems(path, kind))


def _kind_problems(place: Path, kind: _Kind) -> Iterator[str]:
    environment = Environment(loader=FileSystemLoader([place, kind.shipped], encoding="utf-8-sig"), autoescape=True)
    used: set[str | None] = set(kind.variables)
    parsed = {}
    for path in sorted(path for path in place.rglob("*") if path.is_file()):
        name = path.relative_to(place).as_posix()
        try:
            parsed[name] = environment.parse(read_text(path))
        except TemplateSyntaxError as error:
            yield f"{name}: line {error.lineno}: {error.message}"
        except ConfigurationError as error:
            yield f"{name}: {str(error).removeprefix(f'{path.name}: ')}"
        else:
            used.update(meta.find_referenced_templates(parsed[name]))
    for name, tree in parsed.items():
        if name not in used:
            unused = ": it replaces no template of ours, and none of yours uses it"
            yield f"{name}: {did_you_mean(name, kind.variables, unused)}"
        allowed = kind.variables.get(name, kind.others)
        problems = [*_names(tree, allowed, environment), *_attributes(tree), *_texts(tree), *_files(tree, environment)]
        yield from (f"{name}: line {line}: {problem}" for line, problem in sorted(problems))


def _names(tree: nodes.Template, allowed: frozenset[str], environment: Environment) -> Iterator[tuple[int, str]]:
    """Filters, tests and variables that do not exist, and what only shows when a template is compiled."""
    mistyped = [
        (used.lineno, f"the {kind.__name__.lower()} {did_you_mean(used.name, names)}")
        for kind, names in ((nodes.Filter, environment.filters), (nodes.Test, environment.tests))
        for used in tree.find_all(kind)
        if used.name not in names
    ]
    yield from mistyped
    try:
        missing = set() if mistyped else meta.find_undeclared_variables(tree) - allowed - _set_at_the_top(tree)
    except TemplateSyntaxError as error:
        yield error.lineno, str(error.message)
        return
    for node in tree.find_all(nodes.Name):
        if node.ctx == "load" and node.name in missing:
            yield node.lineno, did_you_mean(node.name, allowed)


def _set_at_the_top(tree: nodes.Template) -> set[str]:
    """Names that blocks find in the context though the template itself made them."""
    made = (
        one.target.name for one in tree.body if isinstance(one, nodes.Assign) and isinstance(one.target, nodes.Name)
    )
    return {*made, *(one.name for one in tree.body if isinstance(one, nodes.Macro))}


def _attributes(tree: nodes.Template) -> Iterator[tuple[int, str]]:
    for node in tree.find_all(nodes.Getattr):
        owner = node.node.name if isinstance(node.node, nodes.Name) else ""
        if owner in _ATTRIBUTES and node.attr not in _ATTRIBUTES[owner]:
            yield node.lineno, f"{owner}: {did_you_mean(node.attr, _ATTRIBUTES[owner])}"


def _texts(tree: nodes.Template) -> Iterator[tuple[int, str]]:
    """Texts that no catalog has, or that are not given what they say."""
    for call in tree.find_all(nodes.Call):
        if not isinstance(call.node, nodes.Name) or call.node.name != "t":
            continue
        if len(call.args) != 1 or call.dyn_args or call.dyn_kwargs:
            yield call.lineno, 't() takes the key of one text, and values by name: t("mail_intro", occasion=occasion)'
            continue
        given = {keyword.key for keyword in call.kwargs}
        for key in _keys(call.args[0]):
            if key not in TEXTS:
                yield call.lineno, f"the text {did_you_mean(key, TEXTS)}"
                continue
            yield from ((call.lineno, f't("{key}") needs {name}=...') for name in sorted(TEXTS[key] - given))
            yield from (
                (call.lineno, f't("{key}"): {did_you_mean(name, TEXTS[key])}') for name in sorted(given - TEXTS[key])
            )


def _keys(node: nodes.Expr) -> Iterator[str]:
    """The keys an expression may come to, as far as it says them."""
    if isinstance(node, nodes.Const):
        yield str(node.value)
    elif isinstance(node, nodes.CondExpr):
        yield from _keys(node.expr1)
        if node.expr2:
            yield from _keys(node.expr2)


def _files(tree: nodes.Template, environment: Environment) -> Iterator[tuple[int, str]]:
    existing = environment.list_templates()
    for kind in (nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport):
        for node in tree.find_all(kind):
            wanted = getattr(node, "template", None)
            if isinstance(wanted, nodes.Const) and wanted.value not in existing:
                yield node.lineno, f"the template {did_you_mean(str(wanted.value), existing)}"
