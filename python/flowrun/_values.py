"""Typed values: items become what a function's annotation names, and results become plain JSON values."""

from __future__ import annotations

import collections.abc
import dataclasses
import datetime
import enum
import pathlib
import sys
import typing
import uuid
from typing import Any, Callable, Dict, List, Optional, Union

Convert = Callable[[Any], Any]

_LISTS = (list, List, collections.abc.Sequence, collections.abc.Iterable)


def simplify(value: Any) -> Any:
    """A plain value for one that JSON has no type for; raises `TypeError` where there is none.

    Dataclasses and pydantic models become maps, enumerations their values, dates and times ISO 8601 text,
    paths and UUIDs text, numpy scalars and arrays numbers and lists.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (uuid.UUID, pathlib.PurePath)):
        return str(value)
    # numpy's, and what other libraries make after its pattern.
    if hasattr(value, "__array__") and hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"a value of type {type(value).__name__} cannot be written as JSON")


def converter(annotation: Any) -> Optional[Convert]:
    """What makes a value of the annotated type from an item; `None` where the item can stay as it is.

    Dataclasses (also nested), pydantic models, lists, maps and optional ones of these are made; other
    annotations are for the reader only. A field that is missing or unknown raises `TypeError`.
    """
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated if hasattr(typing, "Annotated") else False:
        return converter(arguments[0])
    if origin in _LISTS and arguments:
        return _each(converter(arguments[0]))
    if origin in (dict, Dict, collections.abc.Mapping) and len(arguments) == 2:
        return _each_value(converter(arguments[1]))
    if _is_union(origin):
        others = [argument for argument in arguments if argument is not type(None)]
        return _optional(converter(others[0])) if len(others) == 1 else None
    if not isinstance(annotation, type):
        return None
    if hasattr(annotation, "model_validate"):
        validate: Convert = annotation.model_validate
        return validate
    return _dataclass(annotation) if dataclasses.is_dataclass(annotation) else None


def _is_union(origin: Any) -> bool:
    if origin is Union:
        return True
    # `A | None` has a type of its own since Python 3.10.
    return sys.version_info >= (3, 10) and getattr(origin, "__name__", "") == "UnionType"


def _each(convert: Optional[Convert]) -> Optional[Convert]:
    return (lambda values: [convert(value) for value in values]) if convert else None


def _each_value(convert: Optional[Convert]) -> Optional[Convert]:
    return (lambda map_: {key: convert(value) for key, value in map_.items()}) if convert else None


def _optional(convert: Optional[Convert]) -> Optional[Convert]:
    return (lambda value: None if value is None else convert(value)) if convert else None


def _dataclass(kind: Any) -> Convert:
    """Makes instances of a dataclass. Converters of its fields are found at first use, so that it may hold itself."""
    fields: Dict[str, Convert] = {}
    is_known = False

    def convert(item: Any) -> Any:
        nonlocal is_known
        if not is_known:
            hints = typing.get_type_hints(kind)
            for field in dataclasses.fields(kind):
                found = converter(hints.get(field.name, Any))
                if found:
                    fields[field.name] = found
            is_known = True
        if not isinstance(item, dict):
            raise TypeError(f"{kind.__name__} is made from a map, and this item is {type(item).__name__}")
        if fields:
            item = {key: fields[key](value) if key in fields else value for key, value in item.items()}
        return kind(**item)

    return convert
