"""The version of code."""

from afterbill_reports.code_version import code_version


def package(folder, text):
    (folder / "inner").mkdir(parents=True, exist_ok=True)
    (folder / "__init__.py").write_text("")
    (folder / "inner" / "__init__.py").write_text("")
    (folder / "inner" / "one.py").write_text(text)
    (folder / "notes.txt").write_text("not code")


def test_another_module_within_a_package_is_another_version(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    package(tmp_path / "sample", "x = 1")
    first = code_version("sample")
    package(tmp_path / "sample", "x = 2")

    assert first != code_version("sample")
    package(tmp_path / "sample", "x = 1")
    (tmp_path / "sample" / "notes.txt").write_text("others")
    assert first == code_version("sample")
