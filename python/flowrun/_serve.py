"""`serve` makes a program of a function: it answers flowrun's requests on standard input until they end."""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
import threading
from types import GeneratorType
from typing import Any, Callable, List, Optional

from . import _answers, _log
from ._channel import Answers, Requests
from ._function import Call, Request, adapt, is_async

MessageOf = Callable[[BaseException], str]


def serve(
    function: Callable[..., Any],
    *,
    setup: Optional[Callable[[], Any]] = None,
    _message_of: MessageOf = _answers.describe,
) -> None:
    """Answers items with `function(item)` or `function(item, ctx)` until flowrun has no more. Blocks; call it last.

    The function returns the result, or raises: `Skip` leaves the item out, `Fail` fails it for good, `Retry(after=…)`
    asks for another attempt, any other exception fails the attempt. A generator yields the results of a `flat_map`.
    An async function works on up to `lanes` items of its process at once, a plain one on one after the other, in the
    order in which they come. `setup` is called once before the first item; its result is `ctx.state`.

    An item becomes a dataclass, a pydantic model, or lists and maps of them where the first parameter is annotated so.
    What the function prints goes to the item's log, what it writes to standard error to that of the items in flight.
    """
    if sys.stdin is not None and sys.stdin.isatty():
        name = os.path.basename(sys.argv[0]) or "PROGRAM"
        print(f"{name} answers requests of flowrun; try `flowrun program-check -- python3 {name}`", file=sys.stderr)
    requests, answers = _take_pipes()
    runner = _run_async if is_async(function) else _run_serial
    try:
        runner(function, setup, requests, answers, _message_of)
    except BrokenPipeError:
        # flowrun has gone away, and nobody is left to answer.
        os._exit(1)


def _take_pipes() -> "tuple[Requests, Answers]":
    """Takes the two pipes away from the function: its prints go to standard error, and it finds no input."""
    requests, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sys.stdout.flush()
    os.dup2(2, 1)
    _log.install()
    return Requests(requests), Answers(answers)


def _ready(answers: Answers, line: bytes) -> None:
    answers.add(line)
    answers.flush()


def _run_serial(
    function: Callable[..., Any],
    setup: Optional[Callable[[], Any]],
    requests: Requests,
    answers: Answers,
    message_of: MessageOf,
) -> None:
    call = adapt(function, setup() if setup else None)
    _ready(answers, _answers.READY)
    printed: List[str] = []
    while True:
        batch = requests.read()
        if batch is None:
            return
        # The last one of a batch is written at once, so a single one needs no helper.
        is_busy = len(batch) > 1
        answers.hurry(is_busy)
        _log.keep(printed if is_busy else None)
        for request in batch:
            answer = _answer(call, request, message_of)
            if printed:
                answer = _answers.with_log(answer, printed)
                printed.clear()
            answers.add(answer)
        _log.keep(None)
        answers.hurry(False)
        answers.flush()


def _answer(call: Call, request: Request, message_of: MessageOf) -> bytes:
    id_ = request["id"]
    try:
        result = call(request)
        if isinstance(result, GeneratorType):
            return _answers.values(id_, result)
        return _answers.value(id_, result)
    # A function that ends the process, as parsers of arguments do, fails its item and no other.
    except (Exception, SystemExit) as error:
        return _answers.failure(id_, error, message_of)


def _run_async(
    function: Callable[..., Any],
    setup: Optional[Callable[[], Any]],
    requests: Requests,
    answers: Answers,
    message_of: MessageOf,
) -> None:
    asyncio.run(_answer_all(function, setup, requests, answers, message_of))


async def _answer_all(
    function: Callable[..., Any],
    setup: Optional[Callable[[], Any]],
    requests: Requests,
    answers: Answers,
    message_of: MessageOf,
) -> None:
    state = setup() if setup else None
    if inspect.isawaitable(state):
        state = await state
    call = adapt(function, state)
    _ready(answers, _answers.READY_FOR_ALL)
    loop = asyncio.get_running_loop()
    batches: "asyncio.Queue[Optional[List[Request]]]" = asyncio.Queue()

    def read() -> None:
        batch: Optional[List[Request]] = []
        while batch is not None:
            batch = requests.read()
            loop.call_soon_threadsafe(batches.put_nowait, batch)

    # Reading waits in a thread: not every kind of standard input can be watched by an event loop.
    threading.Thread(target=read, name="flowrun-requests", daemon=True).start()
    tasks: "set[asyncio.Task[None]]" = set()
    is_flushing = False

    def flush() -> None:
        nonlocal is_flushing
        is_flushing = False
        answers.flush()

    async def one(request: Request) -> None:
        nonlocal is_flushing
        printed: List[str] = []
        # The context is that of this task alone.
        _log.keep(printed if len(tasks) > 1 else None)
        answer = await _answer_async(call, request, message_of)
        answers.add(_answers.with_log(answer, printed) if printed else answer)
        if not is_flushing:
            # Answers that are ready in the same turn of the loop are one write.
            is_flushing = True
            loop.call_soon(flush)

    while True:
        batch = await batches.get()
        if batch is None:
            break
        for request in batch:
            task = loop.create_task(one(request))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
    if tasks:
        await asyncio.gather(*tasks)
    answers.flush()


async def _answer_async(call: Call, request: Request, message_of: MessageOf) -> bytes:
    id_ = request["id"]
    try:
        result = call(request)
        if inspect.isasyncgen(result):
            return _answers.values(id_, [part async for part in result])
        return _answers.value(id_, await result)
    except (Exception, SystemExit, asyncio.CancelledError) as error:
        return _answers.failure(id_, error, message_of)
