"""Foreign servers are asked twice at most, never waited for long, and left alone after a failure."""

import pytest
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProtocolError, ReadTimeoutError, SSLError

from afterbill.adapters.http.http_client import MAX_ANSWER_BYTES, Answer, new_pool
from afterbill.model.errors import PayloadError, TransientError
from tests.servers import Net, Reply, Response, net

URL = "https://api.example.com/v1/things"
OK = (200, b"{}")
NEVER_MADE = (ConnectTimeoutError(), NewConnectionError(None, "refused"))
BROKEN = (ReadTimeoutError(None, URL, "slow"), ProtocolError("reset"), SSLError("certificate"))


def send(server: Net, method: str = "GET", url: str = URL) -> Answer:
    return server.http.send(method, url, {"User-Agent": "afterbill"}, b"")


def named(error: object) -> str:
    return type(error).__name__ if isinstance(error, Exception) else str(error)


def test_an_answer_comes_back_whatever_its_status() -> None:
    assert send(net((418, b"tea"))) == Answer(418, b"tea")


def test_redirects_are_answers_and_nothing_is_retried_behind_our_back() -> None:
    server = net((302, b"", {"Location": "https://evil.example"}))

    assert send(server).status == 302
    assert (server.pool.options["redirect"], server.pool.options["retries"]) == (False, False)


def test_certificates_are_checked_and_nobody_waits_long() -> None:
    settings = new_pool().connection_pool_kw

    assert (settings["cert_reqs"], settings["timeout"].connect_timeout) == ("CERT_REQUIRED", 2)
    assert settings["timeout"].read_timeout == 5


@pytest.mark.parametrize("trouble", [*NEVER_MADE, *BROKEN, (500, b""), (503, b""), (429, b""), (408, b"")], ids=named)
def test_a_question_is_asked_a_second_time(trouble: Reply) -> None:
    server = net(trouble, OK)

    assert send(server) == Answer(200, b"{}")
    assert server.clock.slept == [0.5]


@pytest.mark.parametrize("trouble", [*NEVER_MADE, *BROKEN, (500, b""), (429, b"")], ids=named)
def test_and_no_third_time(trouble: Reply) -> None:
    server = net(trouble)

    with pytest.raises(TransientError, match=r"api\.example\.com: "):
        send(server)

    assert len(server.pool.asked) == 2


@pytest.mark.parametrize("trouble", [*NEVER_MADE, (429, b"")], ids=named)
def test_an_order_is_given_again_if_it_surely_was_not_taken(trouble: Reply) -> None:
    assert send(net(trouble, OK), "POST").status == 200


@pytest.mark.parametrize("trouble", [*BROKEN, (500, b""), (503, b""), (408, b"")], ids=named)
def test_an_order_that_may_have_been_taken_is_not_given_again(trouble: Reply) -> None:
    server = net(trouble, OK)

    with pytest.raises(TransientError):
        send(server, "POST")

    assert len(server.pool.asked) == 1


@pytest.mark.parametrize("seconds", ["0", "1", "2"])
def test_a_server_that_asks_for_two_seconds_gets_them(seconds: str) -> None:
    server = net((429, b"", {"Retry-After": seconds}), OK)

    send(server)

    assert server.clock.slept == [int(seconds)]


@pytest.mark.parametrize("asked", ["3", "3600", "-1", "soon", "", "Sun, 22 Nov 2026 12:00:00 GMT"])
def test_one_that_asks_for_more_is_left_to_the_queue(asked: str) -> None:
    server = net((429, b"", {"Retry-After": asked}), OK)

    with pytest.raises(TransientError, match="status 429"):
        send(server)

    assert server.clock.slept == []


def test_a_host_that_failed_is_left_alone_for_half_a_minute() -> None:
    server = net((500, b""), (500, b""), OK)
    with pytest.raises(TransientError):
        send(server)

    with pytest.raises(TransientError, match="left alone"):
        send(server)

    assert len(server.pool.asked) == 2
    server.clock.now += 30
    assert send(server).status == 200


def test_other_hosts_are_asked_meanwhile() -> None:
    server = net((500, b""), (500, b""), OK)
    with pytest.raises(TransientError):
        send(server)

    assert send(server, url="https://other.example.com/").status == 200


def test_an_answer_of_two_megabytes_is_read_and_a_larger_one_is_not() -> None:
    greatest = b"x" * MAX_ANSWER_BYTES

    assert send(net((200, greatest))).body == greatest
    with pytest.raises(PayloadError, match="larger than 2000000 bytes"):
        send(net((200, greatest + b"x")))


def test_an_answer_that_trickles_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    server = net((200, b"endless"))

    def trickle(response: Response, _amount: int) -> bytes:
        del response
        server.clock.now += 4
        return b"."

    monkeypatch.setattr(Response, "read", trickle)

    with pytest.raises(TransientError, match="SlowError"):
        send(server)


def test_errors_tell_the_host_and_no_more() -> None:
    with pytest.raises(TransientError) as raised:
        send(net((500, b"ada@example.com")), url=URL + "?email=ada%40example.com")

    assert str(raised.value) == "api.example.com: status 500"
