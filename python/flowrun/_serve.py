"""`serve` makes a program of a function: it answers flowrun's requests on standard input until they end."""

from __future__ import annotations

import inspect
import os
import sys
from types import GeneratorType
from typing import Any, Callable, Optional

from . import _answers, _forked, _log, _log_handlers
from ._answers import MessageOf
from ._channel import Answers, Requests, how_to_try
from ._function import NO_RESULTS, Call, Request, adapt, is_async, refuse_result
from ._map_config import MapTaskConfig


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
    _refuse(function)
    if sys.stdin is not None and sys.stdin.isatty():
        print(f"this program answers requests of flowrun; try `{how_to_try()}`", file=sys.stderr)
    requests, answers = _take_pipes()
    if is_async(function):
        # Its event loop takes longer to import than all the rest.
        from ._serve_async import run

        run(function, setup, requests, answers, _message_of)
    else:
        _run_serial(function, setup, requests, answers, _message_of)


def _refuse(function: Any) -> None:
    if not callable(function):
        kind = type(function).__name__
        raise TypeError(f"`serve` takes the function itself, as in serve(clean), not what it returns ({kind})")
    if isinstance(getattr(function, "config", None), MapTaskConfig):
        name = getattr(function, "__name__", "clean")
        raise TypeError(f"`serve` takes a function for one item; that of this map task is serve({name}.func)")


def _take_pipes() -> "tuple[Requests, Answers]":
    """Takes the two pipes away from the function: its prints go to standard error, and it finds no input."""
    requests, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    # What was printed before this and waits in a buffer is no answer either.
    _log.flush()
    _log_handlers.install()
    channel = Requests(requests)
    _log.install(channel.has_more)
    return channel, Answers(answers)


def _run_serial(
    function: Callable[..., Any],
    setup: Optional[Callable[[], Any]],
    requests: Requests,
    answers: Answers,
    message_of: MessageOf,
) -> None:
    if inspect.iscoroutinefunction(setup):
        raise TypeError("an async setup needs an async item function")
    call = adapt(function, setup() if setup else None)
    answers.add(_answers.READY)
    answers.flush()
    while True:
        batch = requests.read()
        if batch is None:
            return
        # The last one of a batch is written at once, so a single one needs no helper.
        is_busy = len(batch) > 1
        answers.hurry(is_busy)
        if is_busy:
            _log.share()
        for request in batch:
            printed = _log.Printed()
            _log.keep_all(printed)
            answer = _answer(call, request, message_of, answers)
            _log.keep_all(None)
            answers.add(_answers.with_log(answer, printed) if printed else answer)
        answers.hurry(False)
        answers.flush()


def _answer(call: Call, request: Request, message_of: MessageOf, answers: Answers) -> bytes:
    id_ = request["id"]
    try:
        result = call(request)
        if isinstance(result, NO_RESULTS):
            refuse_result(result)
        answer = _answers.values if isinstance(result, GeneratorType) else _answers.value
        line = answer(id_, result)
        if answers.is_elsewhere():
            _forked.end(None)
        return line
    # A function that ends the process, as parsers of arguments do, fails its item and no other.
    except BaseException as error:
        if answers.is_elsewhere():
            _forked.end(error)
        if isinstance(error, KeyboardInterrupt):
            raise
        return _answers.failure(id_, error, message_of)
