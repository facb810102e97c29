from afterbill.answers.rate_limit import RateLimiter


def test_so_many_uses_are_admitted_and_then_none() -> None:
    throttle = RateLimiter(most=3, seconds=60)
    assert [throttle.admits("link", second) for second in range(5)] == [True, True, True, False, False]


def test_after_the_time_it_begins_anew() -> None:
    throttle = RateLimiter(most=1, seconds=60)
    assert [throttle.admits("link", second) for second in (0, 59.9, 60, 61)] == [True, False, True, False]


def test_every_key_counts_for_itself() -> None:
    throttle = RateLimiter(most=1)
    assert [throttle.admits(key, 0) for key in ("a", "b", "a")] == [True, True, False]


def test_a_key_in_use_is_remembered_and_the_idle_one_is_not() -> None:
    throttle = RateLimiter(most=2, keys=2)
    admitted = [throttle.admits(key, 0) for key in ("a", "b", "a", "c", "a", "b")]
    assert admitted == [True, True, True, True, False, True]
