"""What is handed on to the desk is answered as if it were answered here, or told why not."""

import asyncio
import json
from contextlib import closing, suppress
from pathlib import Path

import pytest

from app.api.desk import relay as relays
from app.api.desk.answering import Answering
from app.api.desk.line import Line
from app.api.desk.relay import Relay
from app.api.edge.asgi import Message, Receive, Scope, Send
from app.api.edge.cycle import WHOLE
from tests.desk.talking import (
    asked,
    body,
    body_of,
    counted,
    desk,
    listening,
    never,
    parts,
    respond,
    run,
    scope,
)
from tests.desk.test_counting import samples


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the method, the path and the body."""
    read = await body_of(receive)
    await respond(send, f"{scope['method']} {scope['path']} ".encode(), read, status=201)


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer without looking at the body."""
    await respond(send, b"no", status=401)


async def impatient(scope: Scope, receive: Receive, send: Send) -> None:
    """Wait a moment for a body."""
    try:
        await asyncio.wait_for(receive(), 0.05)
    except TimeoutError:
        await respond(send, b"late", status=408)


async def tell(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with what is known."""
    await respond(send, b"to", b"ld")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "desk"


def test_requests_and_answers_are_carried_in_all_their_parts(path: Path) -> None:
    async def test() -> None:
        async with desk(echo, path) as relay:
            answer = await asked(relay, parts(b"one ", b"", b"x" * 300_000))
        assert answer[0] == {
            "type": "http.response.start",
            "status": 201,
            "headers": [(b"a", b"b")],
        }
        assert body(answer) == b"POST /v1/manage/articles one " + b"x" * 300_000
        assert len(answer) == 4

    run(test())


def test_a_whole_answer_is_one_message_where_the_server_takes_it(path: Path) -> None:
    async def known(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"2"), (b"a", b"b")]
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})

    async def test() -> None:
        taken = scope(extensions={WHOLE: {}})
        async with desk(known, path) as relay:
            (whole,) = await asked(relay, parts(b""), taken)
            assert len(await asked(relay, parts(b""))) == 2
        head = b"content-length: 2\r\na: b\r\n"
        assert whole == {"type": WHOLE, "status": 201, "head": head, "body": b"ok"}
        # Without its length, the server has to say where it ends.
        async with desk(refuse, path.with_name("other")) as relay:
            assert len(await asked(relay, parts(b""), taken)) == 3

    run(test())


def test_a_line_is_used_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    really = asyncio.open_unix_connection

    async def opening(path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        opened.append(path)
        return await really(path)

    monkeypatch.setattr(asyncio, "open_unix_connection", opening)

    async def test() -> None:
        async with desk(echo, path) as relay:
            for number in range(5):
                answer = await asked(relay, parts(b"%d" % number))
                assert body(answer).endswith(b" %d" % number)
            await asyncio.gather(*(asked(relay, parts(b"at once")) for _ in range(3)))

    run(test())
    assert len(opened) == 3


def test_few_lines_are_kept_when_many_asked_at_once(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relays, "_MOST_FREE", 2)

    async def test() -> None:
        async with desk(echo, path) as relay:
            for _ in range(2):
                answers = await asyncio.gather(*(asked(relay, parts(b"")) for _ in range(5)))
                assert [one[0]["status"] for one in answers] == [201] * 5
                assert len(relay._free) == 2

    run(test())


def test_what_is_refused_before_its_body_is_not_waited_for(path: Path) -> None:
    async def test() -> None:
        async with desk(refuse, path) as relay:
            answer = await asked(relay, never()[0])
        assert (answer[0]["status"], body(answer)) == (401, b"no")

    run(test())


def test_who_waits_for_a_word_before_sending_a_body_hears_none_from_us(path: Path) -> None:
    """A server gives the word when it is asked for the body: an application may refuse before."""

    async def test() -> None:
        receive, times = never()
        of = scope(headers=[(b"expect", b"100-continue")])
        async with desk(refuse, path) as relay:
            assert (await asked(relay, receive, of))[0]["status"] == 401
        assert times() == 0

    run(test())


def test_an_answer_comes_though_the_body_does_not(path: Path) -> None:
    """An application that has waited long enough for a body says so."""

    async def test() -> None:
        async with desk(impatient, path) as relay:
            for _ in range(2):
                receive, times = never()
                assert (await asked(relay, receive))[0]["status"] == 408
                assert times() == 1

    run(test())


def test_who_asks_waits_for_the_body_no_longer_than_for_the_answer(path: Path) -> None:
    given_up: list[bool] = []

    async def receive() -> Message:
        try:
            await asyncio.Event().wait()
        finally:
            given_up.append(True)
        raise AssertionError

    async def test() -> None:
        async with desk(impatient, path) as relay:
            assert (await asked(relay, receive))[0]["status"] == 408
            await asyncio.sleep(0)
            assert given_up == [True]

    run(test())


def test_a_part_that_comes_too_late_is_not_taken_for_the_next_request(path: Path) -> None:
    """It is sent just before who asks hears that the answer is complete."""
    apps = {"/late": impatient, "/next": echo}

    async def either(scope: Scope, receive: Receive, send: Send) -> None:
        await apps[scope["path"]](scope, receive, send)

    async def test() -> None:
        complete = asyncio.Event()

        async def late() -> Message:
            await complete.wait()
            return {"type": "http.request", "body": b"late", "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.body" and not message.get("more_body"):
                complete.set()
                await asyncio.sleep(0.1)

        app, had = counted(either)
        async with desk(app, path) as relay:
            await relay(scope(path="/late"), late, send)
            answer = await asked(relay, parts(b"mine"), scope(path="/next"))
        assert body(answer) == b"POST /next mine"
        assert [one["path"] for one in had()] == ["/late", "/next"]

    run(test())


def test_a_part_that_was_not_waited_for_comes_with_the_next_look(path: Path) -> None:
    async def looks_twice(scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(receive(), 0.05)
        await echo(scope, receive, send)

    async def test() -> None:
        async def slow() -> Message:
            await asyncio.sleep(0.15)
            return {"type": "http.request", "body": b"slow", "more_body": False}

        async with desk(looks_twice, path) as relay:
            assert body(await asked(relay, slow)).endswith(b" slow")

    run(test())


def test_the_application_hears_that_the_reader_has_left(path: Path) -> None:
    heard: list[str] = []

    async def waiting(scope: Scope, receive: Receive, send: Send) -> None:
        await body_of(receive)
        heard.append((await receive())["type"])
        await respond(send)

    async def test() -> None:
        async with desk(waiting, path) as relay:
            await asked(relay, parts(b""))

    run(test())
    assert heard == ["http.disconnect"]


def test_who_asks_and_is_called_off_ends_the_waiting_at_the_desk(path: Path) -> None:
    ended = asyncio.Event()

    async def waiting(scope: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["type"] == "http.disconnect"
        ended.set()

    async def test() -> None:
        receive, times = never()
        async with desk(waiting, path) as relay:
            asking = asyncio.ensure_future(asked(relay, receive))
            await asyncio.sleep(0.1)
            assert times() == 1
            asking.cancel()
            await ended.wait()

    run(test())


def test_the_desk_is_told_what_the_request_is_and_not_what_the_server_keeps(path: Path) -> None:
    app, had = counted(echo)

    async def test() -> None:
        async with desk(app, path) as relay:
            sent = scope(headers=[(b"x", b"y")], client=("::1", 5), raw_path=b"/%41")
            await asked(relay, parts(b""), sent)

    run(test())
    (told,) = had()
    assert (told["headers"], told["client"], told["raw_path"]) == (
        [(b"x", b"y")],
        ("::1", 5),
        b"/%41",
    )
    assert "state" not in told


def test_without_a_desk_it_is_said_that_nothing_was_done(path: Path) -> None:
    async def test() -> None:
        relay = Relay(str(path))
        answer = await asked(relay, never()[0], scope(headers=[(b"x-request-id", b"r1")]))
        problem = json.loads(body(answer))
        assert (answer[0]["status"], problem["code"]) == (503, "desk_unavailable")
        assert "Nothing was done" in problem["detail"]
        assert problem["request_id"] == "r1"
        assert dict(answer[0]["headers"])[b"retry-after"]
        # The desk cannot count it.
        counted = [value for name, value in samples(relay.metrics.text()).items() if "503" in name]
        assert counted == [1]

    run(test())


def test_a_desk_that_takes_nothing_is_not_waited_for_for_ever(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relays, "_PATIENCE_SECONDS", 0.1)

    async def test() -> None:
        with listening(path):
            answer = await asked(Relay(str(path)), never()[0])
        assert "Nothing was done" in json.loads(body(answer))["detail"]

    run(test())


def test_what_was_given_up_is_not_done_later(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relays, "_PATIENCE_SECONDS", 0.1)
    app, had = counted(echo)

    async def test() -> None:
        with listening(path) as socket_:
            answer = await asked(Relay(str(path)), never()[0])
            assert "Nothing was done" in json.loads(body(answer))["detail"]
            # Whoever begins to listen finds the request, and nobody there to answer.
            stopped = asyncio.Event()
            answering = asyncio.ensure_future(Answering(app).serve(socket_, stopped))
            await asyncio.sleep(0.2)
            stopped.set()
            await answering

    run(test())
    assert list(had()) == []


def test_a_desk_that_starts_anew_is_waited_for(path: Path) -> None:
    async def test() -> None:
        async with desk(echo, path) as relay:
            await asked(relay, parts(b"first"))
            kept = relay
        path.unlink()  # noqa: ASYNC240
        # The line that was kept is dead, and whoever listens does not answer yet.
        with listening(path) as socket_, closing(kept):
            asking = asyncio.ensure_future(asked(kept, parts(b"second")))
            await asyncio.sleep(0.1)
            assert not asking.done()
            stopped = asyncio.Event()
            answering = asyncio.ensure_future(Answering(echo).serve(socket_, stopped))
            assert body(await asking).endswith(b"second")
            stopped.set()
            await answering

    run(test())


def test_a_desk_that_ends_leaves_its_place_to_the_next(path: Path) -> None:
    """Many may wait for the next one; Python 3.13 would remove the path, and 100 are its usual."""

    async def test() -> None:
        with listening(path) as place:
            stopped = asyncio.Event()
            first = asyncio.ensure_future(Answering(echo).serve(place.dup(), stopped))
            with closing(Relay(str(path))) as relay:
                await asked(relay, parts(b""))
            stopped.set()
            await first
            waiting = [asyncio.open_unix_connection(path) for _ in range(300)]
            async with asyncio.timeout(10):
                for _, writer in await asyncio.gather(*waiting):
                    assert writer.get_extra_info("peername") == str(path)
                    writer.close()

    run(test())


def test_lines_to_a_desk_that_has_gone_are_let_go(path: Path) -> None:
    """What comes after it is taken by the next one."""

    async def test() -> None:
        with listening(path) as place, closing(Relay(str(path))) as relay:
            for number in range(2):
                stopped = asyncio.Event()
                desk = asyncio.ensure_future(Answering(echo).serve(place.dup(), stopped))
                sent = b"%d" % number
                answers = await asyncio.gather(*(asked(relay, parts(sent)) for _ in range(3)))
                assert [body(one)[-1:] for one in answers] == [sent] * 3
                stopped.set()
                await desk
                await asyncio.sleep(0.01)

    run(test())


def test_a_desk_that_is_told_to_stop_does_not_wait_for_more_requests(path: Path) -> None:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.1)
        await respond(send)

    async def test() -> None:
        async with asyncio.timeout(5), desk(slow, path) as relay:
            asking = asyncio.ensure_future(asked(relay, parts(b"")))
            await asyncio.sleep(0.05)
        await asking

    run(test())


async def lose_it(scope: Scope, receive: Receive, send: Send) -> None:
    """End amid a request, as a process does that is killed."""
    if scope["path"] == "/begun":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(0.01)
    raise EOFError


def test_what_was_taken_and_not_answered_may_have_been_done(path: Path) -> None:
    async def test() -> None:
        async with desk(lose_it, path) as relay:
            answer = await asked(relay, parts(b""))
        assert answer[0]["status"] == 503
        assert "Look whether it was done" in json.loads(body(answer))["detail"]

    run(test())


def test_an_answer_that_had_begun_is_cut_off(path: Path) -> None:
    async def test() -> None:
        async with desk(lose_it, path) as relay:
            (begun,) = await asked(relay, parts(b""), scope(path="/begun"))
        # No part says that it was the last, so a server hangs up.
        assert begun["type"] == "http.response.start"

    run(test())


def test_the_head_of_an_answer_does_not_wait_for_its_body(path: Path) -> None:
    """Who imports may want to see that it is taken before sending more."""
    goes_on = asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await goes_on.wait()
        await send({"type": "http.response.body", "body": b"end"})

    async def test() -> None:
        seen: list[str] = []

        async def send(message: Message) -> None:
            seen.append(message["type"])
            goes_on.set()

        async with desk(slow, path) as relay:
            await relay(scope(), parts(b""), send)
        assert seen == ["http.response.start", "http.response.body"]

    run(test())


def test_an_answer_that_is_left_unfinished_is_not_waited_for(path: Path) -> None:
    async def lazy(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def test() -> None:
        async with desk(lazy, path) as relay:
            for _ in range(2):
                (begun,) = await asked(relay, parts(b""))
                assert begun["status"] == 200

    run(test())


def test_what_an_application_does_after_its_answer_reaches_nobody_else(path: Path) -> None:
    heard: list[str] = []

    async def late(scope: Scope, receive: Receive, send: Send) -> None:
        await respond(send, b"whole")
        heard.append((await receive())["type"])
        heard.append((await receive())["type"])

    async def test() -> None:
        async with desk(late, path) as relay:
            for _ in range(2):
                assert body(await asked(relay, parts(b"x"))) == b"whole"
            await asyncio.sleep(0.01)

    run(test())
    assert heard == ["http.request", "http.disconnect"] * 2


def test_what_was_taken_is_never_asked_for_twice(path: Path) -> None:
    app, had = counted(lose_it)

    async def test() -> None:
        async with desk(app, path) as relay:
            await asked(relay, parts(b""))

    run(test())
    assert len(list(had())) == 1


def test_a_desk_that_is_told_to_stop_finishes_what_runs(path: Path) -> None:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.2)
        await respond(send, b"done")

    async def test() -> None:
        async with desk(slow, path) as relay:
            asking = asyncio.ensure_future(asked(relay, parts(b"")))
            await asyncio.sleep(0.1)
        assert body(await asking) == b"done"

    run(test())


def test_what_the_desk_is_asked_by_ourselves_is_its_body_or_nothing(path: Path) -> None:
    async def test() -> None:
        assert await Relay(str(path)).ask(scope()) is None
        async with desk(tell, path) as relay:
            assert await relay.ask(scope(method="GET")) == b"told"

    run(test())


def test_what_the_desk_answers_with_a_problem_is_nothing(path: Path) -> None:
    async def test() -> None:
        async with desk(refuse, path) as relay:
            assert await relay.ask(scope(method="GET")) is None

    run(test())


def test_half_a_message_is_the_end_of_a_line() -> None:
    async def test() -> None:
        reader = asyncio.StreamReader()
        reader.feed_data(b"\0\0\0\x09half")
        reader.feed_eof()
        with pytest.raises(EOFError):
            await Line(reader, None).read()  # type: ignore[arg-type]

    run(test())
