"""`map_task`: FlowyML's decorator, with flowrun doing the work."""

from __future__ import annotations

import functools
import logging
import warnings
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional, Union, overload

from . import _map_processes, _map_threads
from ._map_call import MapCall
from ._map_config import MapTaskConfig
from ._map_function import StaysHere
from ._process import Event

logger = logging.getLogger("flowrun")


class ThreadsWarning(UserWarning):
    """A map task runs on threads of the calling process. `warnings.simplefilter("ignore", ThreadsWarning)` accepts that."""


@dataclass
class MapTaskResult:
    """What became of a list of items. Indices count from 0.

    `results` has an entry for each item, `None` for those that failed, were skipped or were not begun; `errors` has the
    message for each index that failed.
    """

    results: List[Any] = field(default_factory=list)
    successes: int = 0
    failures: int = 0
    errors: Dict[int, str] = field(default_factory=dict)
    total: int = 0

    @property
    def success_ratio(self) -> float:
        """`successes / total`; 0.0 of an empty list."""
        return self.successes / self.total if self.total > 0 else 0.0

    @property
    def successful_results(self) -> List[Any]:
        """The results that are not `None`."""
        return [result for result in self.results if result is not None]


class MapTask:
    """A function for one item that is called with a list of them. `func` is the function itself, `name` its name."""

    def __init__(self, func: Callable[..., Any], config: MapTaskConfig, name: Optional[str] = None) -> None:
        functools.update_wrapper(self, func)
        self.func = func
        self.config = config
        self.name: str = name or str(getattr(func, "__name__", type(func).__name__))
        self._is_warned = False

    def __repr__(self) -> str:
        return f"<map_task {self.name}>"

    def __call__(self, collection: Any, *args: Any, **kwargs: Any) -> MapTaskResult:
        """Calls the function with each item of a list or tuple, and with `args` and `kwargs`. Another value is one item.

        Raises `RuntimeError` when fewer items succeeded than `min_success_ratio` asks for, `FlowrunError` when flowrun
        could not be started, `KeyboardInterrupt` after Ctrl-C, once running items have ended or were stopped.
        """
        items = list(collection) if isinstance(collection, (list, tuple)) else [collection]
        result = MapTaskResult(results=[None] * len(items), total=len(items))
        if not items:
            return result
        call = MapCall(self.func, self.config, items, args, kwargs)
        try:
            pickled = _map_processes.prepare(call)
        except StaysHere as reason:
            self._warn(reason)
            told = _map_threads.run(call, result.results, self._note)
        else:
            told = pickled.run(self.config, result.results, self._note)
        result.successes, result.failures = told.successes, len(told.errors)
        result.errors = dict(sorted(told.errors.items()))
        if told.reason is not None:
            raise RuntimeError(self._sentence(result, told.reason))
        return result

    def _warn(self, reason: StaysHere) -> None:
        if self._is_warned:
            return
        self._is_warned = True
        warnings.warn(
            f"Map task '{self.name}' runs on threads of this process, because {reason}: Python code then shares one core, "
            f"and a timeout stops nothing. {reason.what_helps}, and it runs in processes",
            ThreadsWarning,
            # The line that calls the task.
            stacklevel=3,
        )

    def _note(self, event: Event) -> None:
        """Logs what FlowyML logs, and shows what the function printed in another process."""
        kind = event["event"]
        if kind == "item_failed":
            logger.warning("Map task '%s' item %d failed: %s", self.name, event["index"] - 1, event["message"])
        elif kind == "item_retried":
            logger.debug(
                "Map task '%s' item %d attempt %d/%d failed, retrying in %ss: %s",
                *(self.name, event["index"] - 1, event["attempt"], self.config.retries + 1),
                *(event["delay"], event["message"]),
            )
        elif kind == "log" and event["index"] is not None:
            print(event["message"], flush=True)

    def _sentence(self, result: MapTaskResult, reason: str) -> str:
        ratio, least = result.success_ratio, self.config.min_success_ratio
        if ratio >= least:
            # The verdict has another cause than the ratio.
            return f"Map task '{self.name}' failed: {reason}"
        return (
            f"Map task '{self.name}' failed: success ratio {ratio:.1%} < minimum {least:.1%}. "
            f"{result.failures}/{result.total} items failed."
        )


Decorator = Callable[[Callable[..., Any]], MapTask]


@overload
def map_task(_func: Callable[..., Any]) -> MapTask: ...
@overload
def map_task(
    _func: None = None,
    *,
    concurrency: int = 4,
    retries: int = 0,
    retry_delay: float = 1.0,
    min_success_ratio: float = 1.0,
    fail_fast: bool = False,
    timeout_per_item: Optional[float] = None,
    name: Optional[str] = None,
) -> Decorator: ...
def map_task(
    _func: Optional[Callable[..., Any]] = None,
    *,
    concurrency: int = 4,
    retries: int = 0,
    retry_delay: float = 1.0,
    min_success_ratio: float = 1.0,
    fail_fast: bool = False,
    timeout_per_item: Optional[float] = None,
    name: Optional[str] = None,
) -> Union[MapTask, Decorator]:
    """Makes a function for one item into one for a list of items, as FlowyML's decorator of this name does.

    `concurrency`: items that are worked on at once. `retries`: further attempts of an item, after `retry_delay`,
    2 · `retry_delay`, 4 · `retry_delay` … seconds. `min_success_ratio`: share of the items that must succeed,
    compared exactly on its decimal digits. `fail_fast`: nothing more is begun once an item has failed for good.
    `timeout_per_item`: seconds of one attempt. `name`: the name in messages, else the function's.

    A function of a module runs in processes, where a timeout stops it, and items and results travel pickled. Any
    other one (a lambda, one defined in another function, in a notebook or in the script that was started), and any
    whose items cannot be pickled, runs on threads of this process; there a timeout is reported and not stopped: the
    thread goes on in the background. A `ThreadsWarning` says so once, and why.
    """
    config = MapTaskConfig(concurrency, retries, retry_delay, min_success_ratio, fail_fast, timeout_per_item)

    def decorate(function: Callable[..., Any]) -> MapTask:
        if not callable(function):
            raise TypeError("`map_task` takes a function; settings have names, as in @map_task(concurrency=4)")
        return MapTask(function, config, name)

    return decorate if _func is None else decorate(_func)
