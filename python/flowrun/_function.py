"""Adapts an item function to one way of being called, with the request, and knows what is no value that it may return."""

from __future__ import annotations

import inspect
import sys
import typing
from types import AsyncGeneratorType, CoroutineType
from typing import Any, Callable, Dict, List, NoReturn, Optional

from ._context import Context
from ._endings import Fail, Retry, Skip
from ._values import Convert, converter

Request = Dict[str, Any]
Call = Callable[[Request], Any]

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def is_async(function: Callable[..., Any]) -> bool:
    """Whether the function is a coroutine function or an async generator."""
    return any(
        inspect.iscoroutinefunction(one) or inspect.isasyncgenfunction(one)
        for one in (function, getattr(function, "__call__", None))
    )


def adapt(function: Callable[..., Any], state: Any) -> Call:
    """A call with the request: the item, converted as the first parameter is annotated, and a `Context` where two are taken."""
    parameters = _parameters(function)
    convert = _convert(function, parameters)
    if len(parameters) > 1:
        if convert is None:
            return lambda request: function(request["item"], Context(request, state))
        make = convert
        return lambda request: function(make(request["item"]), Context(request, state))
    if convert is None:
        return lambda request: function(request["item"])
    make = convert
    return lambda request: function(make(request["item"]))


def _parameters(function: Callable[..., Any]) -> List[inspect.Parameter]:
    """The positional parameters without a default, at least one: the item's, and maybe the context's."""
    try:
        all_ = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        # Some functions that are written in C do not tell.
        return []
    if any(one.kind is inspect.Parameter.KEYWORD_ONLY and one.default is one.empty for one in all_):
        raise TypeError("an item function takes the item and, if it wants, a context; this one needs keyword arguments")
    positional = [one for one in all_ if one.kind in _POSITIONAL]
    needed = [one for one in positional if one.default is one.empty]
    takes_any = any(one.kind is inspect.Parameter.VAR_POSITIONAL for one in all_)
    if len(needed) > 2 or not (positional or takes_any):
        raise TypeError(
            f"an item function takes the item and, if it wants, a context; this one takes {len(needed)} arguments"
        )
    return needed or positional[:1]


def _convert(function: Callable[..., Any], parameters: List[inspect.Parameter]) -> Optional[Convert]:
    if not parameters or parameters[0].annotation is inspect.Parameter.empty:
        return None
    annotation = parameters[0].annotation
    if isinstance(annotation, str):
        holder: Any = function if hasattr(function, "__globals__") else getattr(function, "__call__", function)
        try:
            annotation = typing.get_type_hints(holder)[parameters[0].name]
        except (NameError, KeyError, TypeError) as error:
            # A name that only a type checker imports: the item stays a plain value, and that is said.
            print(f"the annotation {annotation!r} of the item is not followed: {error}", file=sys.stderr)
            return None
    return converter(annotation)


NO_RESULTS = (CoroutineType, AsyncGeneratorType, Skip, Fail, Retry)
"""What a function never means to return."""


def refuse_result(result: Any) -> NoReturn:
    """Raises `TypeError` for a value of one of these types, and says what was meant."""
    kind = type(result).__name__
    if isinstance(result, Exception):
        raise TypeError(f"`{kind}` is raised, not returned")
    if isinstance(result, CoroutineType):
        # Else Python warns that nobody awaited it.
        result.close()
    raise TypeError(f"the function returned a {kind}, so it must be an `async def` itself that awaits it")
