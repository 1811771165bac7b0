"""Map tasks whose function exists in this process alone: it runs on threads here, and flowrun decides what runs when.

flowrun starts a program of its own kind, `_map_bridge.py`, which only hands lines on: requests to a socket of this
process, answers back. Items and results stay here; the lines carry indices.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import queue
import socket
import tempfile
import threading
from typing import Any, Callable, ContextManager, Dict, Iterator, List, Optional

from . import _answers, _forked, _map_pipeline
from ._channel import Requests
from ._endings import Fail
from ._map_call import MapCall
from ._map_pipeline import Note, Told
from ._process import Event

Request = Dict[str, Any]

SOCKET_NAME_MAX = 100
"""Bytes: macOS takes 103, Linux 107."""


def run(call: MapCall, results: List[Any], note: Note) -> Told:
    """Runs it and fills in `results`, by index."""
    config = call.config

    def call_one(index: int) -> Any:
        result = call.function(call.items[index], *call.args, **call.kwargs)
        if not inspect.iscoroutine(result):
            return result
        import asyncio

        return asyncio.run(result)

    with tempfile.TemporaryDirectory(prefix="flowrun-map-") as folder, _socket_folder(folder) as near:
        path = os.path.join(near, "socket")
        bridge = os.path.join(os.path.dirname(__file__), "_map_bridge.py")
        pipeline = _map_pipeline.write(
            folder,
            [b"%d\n" % index for index in range(len(call.items))],
            [*_map_pipeline.python(), "-S", "-E", bridge, path, folder],
            config,
            lanes=config.concurrency,
            processes=1,
            # A thread cannot be interrupted: what was begun ends.
            fail_fast="drain" if config.fail_fast else False,
            timeout=None,
            is_saved=False,
        )
        with _Server(path) as server:
            timeout = config.timeout_per_item
            crew = _Crew(call_one, results, timeout and min(timeout, _map_pipeline.LONGEST_WAIT))
            server.serve(crew, config.concurrency)

            def note_and_end(event: Event) -> None:
                note(event)
                crew.end()

            told = _map_pipeline.run(pipeline, note_and_end)
            crew.end()
            return told


def _socket_folder(folder: str) -> "ContextManager[str]":
    """The folder, if the name of a socket in it is not too long for the system; else one of its own with a short name."""
    if len(os.fsencode(os.path.join(folder, "socket"))) <= SOCKET_NAME_MAX:
        return contextlib.nullcontext(folder)
    return tempfile.TemporaryDirectory(prefix="flowrun-", dir="/tmp")


class _Crew:
    """Runs items on threads, and keeps their results."""

    def __init__(self, call: Callable[[int], Any], results: List[Any], timeout: Optional[float]) -> None:
        self._call = call
        self._results = results
        self._timeout = timeout
        self._ending: Optional[BaseException] = None

    def end(self) -> None:
        """Raises what a function has raised that ends the whole call."""
        if self._ending is not None:
            raise self._ending

    def answer(self, request: Request) -> bytes:
        """The answer to a request, whose item is an index."""
        id_, index = request["id"], request["item"]
        ended = self._attempt(index)
        if isinstance(ended, _Failed):
            error = ended.error
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                self._ending = error
                # No other attempt: the event of this failure ends the call.
                error = Fail(_answers.words(error))
            return _answers.failure(id_, error, _answers.words)
        self._results[index] = ended
        return _answers.value(id_, None)

    def _attempt(self, index: int) -> Any:
        """The result, or `_Failed`. After the timeout the thread goes on in the background, and what it returns is lost."""
        if self._timeout is None:
            return _call(self._call, index)
        kept: List[Any] = []
        thread = threading.Thread(
            target=lambda: kept.append(_call(self._call, index)), name=f"map-task-{index}", daemon=True
        )
        thread.start()
        thread.join(self._timeout)
        return kept[0] if kept else _Failed(TimeoutError(f"timeout after {self._timeout:g}s"))


class _Failed:
    """What a function raised."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


def _call(function: Callable[[int], Any], index: int) -> Any:
    home = os.getpid()
    ended: Any = None
    try:
        ended = function(index)
    except BaseException as error:
        # Of any kind: an item without an answer would hang.
        ended = _Failed(error)
    if os.getpid() != home:
        # The function has forked. Two processes that answer would spoil the answers of both.
        _forked.end(ended.error if isinstance(ended, _Failed) else None)
    return ended


class _Server:
    """Takes the bridge's connection; a new one, if flowrun has started the bridge again."""

    def __init__(self, path: str) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(1)

    def __enter__(self) -> "_Server":
        return self

    def __exit__(self, *_: object) -> None:
        # Closing alone does not wake a thread that waits in `accept`.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def serve(self, crew: _Crew, threads: int) -> None:
        """Answers in the background until this server is left."""
        threading.Thread(target=self._accept, args=(crew, threads), name="map-task-server", daemon=True).start()

    def _accept(self, crew: _Crew, threads: int) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                _talk(connection, crew, threads)


def _talk(connection: socket.socket, crew: _Crew, threads: int) -> None:
    """Answers the requests of one connection, `threads` at once, until it ends."""
    waiting: "queue.SimpleQueue[Optional[Request]]" = queue.SimpleQueue()
    lock = threading.Lock()

    def work() -> None:
        for request in iter(waiting.get, None):
            line = crew.answer(request)
            try:
                with lock:
                    connection.sendall(line)
            except OSError:
                # The run has ended without this answer.
                return

    workers: List[threading.Thread] = []
    try:
        connection.sendall(_answers.READY_FOR_ALL)
    except OSError:
        return
    for request in _requests(connection):
        waiting.put(request)
        if len(workers) < threads:
            workers.append(threading.Thread(target=work, name="map-task", daemon=True))
            workers[-1].start()
    for _ in workers:
        waiting.put(None)
    for worker in workers:
        worker.join()


def _requests(connection: socket.socket) -> Iterator[Request]:
    """All requests of a connection, until flowrun has no more or has gone away."""
    requests = Requests(connection.fileno())
    try:
        for batch in iter(requests.read, None):
            yield from batch
    except OSError:
        return
