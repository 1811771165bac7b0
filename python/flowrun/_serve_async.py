"""The loop of `serve` for async functions: each item is a task, and their answers are written as they come."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Callable, List, Optional

from . import _answers, _forked, _log
from ._answers import MessageOf
from ._channel import Answers, Requests
from ._function import NO_RESULTS, Call, Request, adapt, refuse_result


def run(
    function: Callable[..., Any],
    setup: Optional[Callable[[], Any]],
    requests: Requests,
    answers: Answers,
    message_of: MessageOf,
) -> None:
    """Answers up to `lanes` items at once until the requests end."""
    asyncio.run(_answer_all(function, setup, requests, answers, message_of))


class _Threads(ThreadPoolExecutor):
    """Threads for `run_in_executor`, which belong to the item that calls them, as those of `to_thread` do."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> "Future[Any]":
        return super().submit(contextvars.copy_context().run, fn, *args, **kwargs)


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
    answers.add(_answers.READY_FOR_ALL)
    answers.flush()
    loop = asyncio.get_running_loop()
    batches: "asyncio.Queue[Optional[List[Request]]]" = asyncio.Queue()

    def read() -> None:
        batch: Optional[List[Request]] = []
        try:
            while batch is not None:
                batch = requests.read()
                if batch and (tasks or len(batch) > 1):
                    _log.share()
                loop.call_soon_threadsafe(batches.put_nowait, batch)
        except BaseException as error:
            # Without requests this process would wait for ever.
            _forked.end(error)

    loop.set_default_executor(_Threads(thread_name_prefix="flowrun-item"))
    tasks: "set[asyncio.Task[None]]" = set()
    # Reading waits in a thread: not every kind of standard input can be watched by an event loop.
    threading.Thread(target=read, name="flowrun-requests", daemon=True).start()
    is_flushing = False

    def flush() -> None:
        nonlocal is_flushing
        is_flushing = False
        answers.flush()

    async def one(request: Request) -> None:
        nonlocal is_flushing
        printed = _log.Printed()
        # The context is that of this task alone.
        _log.keep(printed)
        answer = await _answer(call, request, message_of, answers)
        # A task that it leaves behind says what it says to all.
        printed.is_over = True
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


async def _answer(call: Call, request: Request, message_of: MessageOf, answers: Answers) -> bytes:
    id_ = request["id"]
    try:
        result: Any = call(request)
        is_stream = inspect.isasyncgen(result)
        result = [part async for part in result] if is_stream else await result
        if isinstance(result, NO_RESULTS):
            refuse_result(result)
        if answers.is_elsewhere():
            _forked.end(None)
        return _answers.values(id_, result) if is_stream else _answers.value(id_, result)
    except BaseException as error:
        if answers.is_elsewhere():
            _forked.end(error)
        if isinstance(error, KeyboardInterrupt):
            # The event loop would cancel the other items, and they would answer that. They are to run again.
            _forked.end(error)
        return _answers.failure(id_, error, message_of)
