"""The program that flowrun starts for a map task: it finds the function by module and name, and serves it."""

from __future__ import annotations

import sys

# Python looks for modules beside a program first, and `_json` is also the name of one of its own.
if sys.path[0] == __file__.rpartition("/")[0]:
    del sys.path[0]

import importlib
import importlib.util
import inspect
import os
import pickle
from typing import Any, Callable, Dict, List, NoReturn


def main(path: str) -> None:
    """Serves the task that the file tells of."""
    with open(path, "rb") as file:
        task: Dict[str, Any] = pickle.load(file)
    # What the function would find in the process that called it.
    os.environ.clear()
    os.environ.update(task["environment"])
    os.chdir(task["folder"])
    sys.path[:] = task["path"]
    sys.argv[1:] = []

    import flowrun._serve
    from flowrun._map_caller import watch

    # Before anything that may take long.
    watch(os.path.dirname(path))

    from flowrun._answers import words

    flowrun._serve.serve(_item_function(task, os.path.dirname(path)), _message_of=words)


def _item_function(task: Dict[str, Any], folder: str) -> Callable[[List[Any]], List[Any]]:
    """A function from `[index, item]` to `[index, result]`, both encoded."""
    from flowrun._answers import words
    from flowrun._map_function import find
    from flowrun._pickled import decode, encode

    function = find(_module(task["module"], task["file"]), task["name"])
    args, kwargs = pickle.loads(task["call"])
    finish = _await if inspect.iscoroutinefunction(function) else _as_it_is
    home = os.getpid()

    def answer(numbered: List[Any]) -> List[Any]:
        index, item = numbered
        try:
            result = finish(function(decode(item), *args, **kwargs))
        except (KeyboardInterrupt, SystemExit) as error:
            if os.getpid() == home:
                _tell_caller(folder, error)
            raise
        try:
            return [index, encode(result)]
        except Exception as error:
            # Its own words need not say what was done to what.
            raise TypeError(f"the result cannot be pickled ({words(error)})") from error

    return answer


def _tell_caller(folder: str, error: BaseException) -> NoReturn:
    """Leaves a file by which the caller learns what ends the whole call, and fails the item."""
    from flowrun._answers import words
    from flowrun._endings import Fail
    from flowrun._map_processes import ENDING

    code = getattr(error, "code", None)
    path = os.path.join(folder, ENDING)
    new = f"{path}-{os.getpid()}"
    with open(new, "wb") as file:
        kept = code if code is None or isinstance(code, int) else words(error)
        pickle.dump((isinstance(error, SystemExit), kept), file)
    os.replace(new, path)
    # No other attempt: the event of this failure ends the call.
    raise Fail(words(error))


def _as_it_is(result: Any) -> Any:
    return result


def _await(result: Any) -> Any:
    import asyncio

    return asyncio.run(result)


def _module(name: str, file: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        # A module that was loaded from a file without being on the path, as test runners do.
        spec = importlib.util.spec_from_file_location(name, file) if file and error.name == name else None
        if spec is None or spec.loader is None:
            raise
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module


if __name__ == "__main__":
    main(sys.argv[1])
