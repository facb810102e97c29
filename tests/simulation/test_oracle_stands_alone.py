"""An oracle that shared code with what it judges would share its mistakes."""

import ast
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent


def imports(module: Path) -> Iterator[tuple[int, str]]:
    """Level (0: absolute) and name of every module that this one imports, wherever in it."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((0, one.name) for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or ""


def everything_behind(module: Path, seen: set[Path]) -> set[Path]:
    """The module and those beside it that it imports, and so on."""
    if module not in seen:
        seen.add(module)
        for level, name in imports(module):
            if level:
                everything_behind(FOLDER / f"{name}.py", seen)
    return seen


def test_the_oracle_and_the_script_import_nothing_from_afterbill_nor_from_other_tests():
    for first in ("oracle.py", "lives.py"):
        for module in everything_behind(FOLDER / first, set()):
            roots = {name.partition(".")[0] for level, name in imports(module) if not level}
            assert not roots & {"afterbill", "afterbill_cli", "afterbill_dev", "functions", "tests"}, module.name


def test_the_oracle_knows_what_it_needs_from_a_few_modules():
    names = {module.stem for module in everything_behind(FOLDER / "oracle.py", set())}

    assert names == {"oracle", "mails", "reasons", "journal", "rules", "events"}
