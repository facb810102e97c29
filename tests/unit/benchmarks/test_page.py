import sys

from afterbill.answers.rate_limit import RateLimiter
from benchmarks import page


def test_no_call_is_refused_even_where_a_link_may_be_used_but_once(monkeypatch):
    used = set()

    def admits(throttle, key, _now):
        again = (id(throttle), key) in used
        used.add((id(throttle), key))
        return not again

    # Where metrics go is read from the environment as it is imported.
    monkeypatch.delitem(sys.modules, "afterbill.runtime.observability", raising=False)
    monkeypatch.setattr(page, "_ROUNDS", 1)
    monkeypatch.setattr(page, "_CALLS", 2)
    monkeypatch.setattr(RateLimiter, "admits", admits)

    assert [row.what for row in page.rows()] == ["page warm", "answer warm", "seen warm"]
