from benchmarks.layers import ROOT, megabytes
from benchmarks.starts import floor_of, settings_of

SOURCE = (ROOT / "functions" / "send_survey" / "app.py").read_text(encoding="utf-8")


def test_the_floor_makes_the_clients_of_the_function_and_imports_nothing_of_ours():
    floor = floor_of(SOURCE)

    assert "['sesv2', 'secretsmanager', 'dynamodb', 'scheduler', 'sqs']" in floor
    assert "afterbill" not in floor
    compile(floor, "app.py", "exec")


def test_every_setting_of_a_function_is_given():
    assert {"TABLE", "KEYS_SECRET", "SENDER"} <= settings_of(SOURCE).keys()


def test_bytecode_is_not_part_of_a_layer(tmp_path):
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_bytes(b"x" * 500_000)
    (tmp_path / "a.py").write_bytes(b"x" * 250_000)

    assert megabytes(tmp_path) == 0.25
