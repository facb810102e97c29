from benchmarks.timing import pairs, ratio, repeated


def test_one_disturbed_pair_does_not_count():
    assert ratio([(2.0, 1.0), (2.2, 1.1), (90.0, 1.0)]) == 2.0


def test_a_load_that_slows_both_of_a_pair_does_not_count():
    assert ratio([(2.0, 1.0), (20.0, 10.0), (4.0, 2.0)]) == 2.0


def test_both_sides_take_turns_after_one_call_each():
    calls = []

    timed = pairs(lambda: calls.append("measured"), lambda: calls.append("floor"), 2)

    assert calls == ["measured", "floor"] * 3
    assert len(timed) == 2


def test_short_work_is_timed_many_times_over():
    calls = []

    repeated(lambda: calls.append(1), 7)()

    assert len(calls) == 7
