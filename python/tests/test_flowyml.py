"""FlowyML's own `map_task` and this one, on the same functions: every attribute is the same but for what is listed.

The list is in README.md, "Differences"; each line of it that can be seen from outside has a test here.
"""

from __future__ import annotations

import inspect
import itertools
import threading
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import functions
import pytest

import flowrun

flowyml = pytest.importorskip("flowyml.core.map_task", reason="NOT RUN: flowyml is not installed")

# Many of these tests want to run on threads.
pytestmark = pytest.mark.filterwarnings("ignore::flowrun.ThreadsWarning")

ATTRIBUTES = ("results", "successes", "failures", "errors", "total", "success_ratio", "successful_results")

names = (f"compared-{number}" for number in itertools.count())


def outcome(map_task: Any, function: Callable[..., Any], settings: Dict[str, Any], items: Any) -> Tuple[str, Any]:
    """All attributes, or what was raised."""
    task = map_task(**settings)(function)
    try:
        result = task(items)
    except RuntimeError as error:
        return "raised", str(error)
    return "returned", {name: getattr(result, name) for name in ATTRIBUTES}


def both(function: Callable[..., Any], settings: Dict[str, Any], items: Any) -> Tuple[Any, Any]:
    # FlowyML refuses a second step of one name.
    settings = {"name": next(names), **settings}
    return outcome(flowyml.map_task, function, settings, items), outcome(flowrun.map_task, function, settings, items)


CASES: List[Tuple[str, Callable[..., Any], Dict[str, Any], Any]] = [
    ("all succeed", functions.double, {}, [1, 2, 3]),
    ("many", functions.double, {"concurrency": 8}, list(range(500))),
    ("none", functions.double, {}, []),
    ("none of a high ratio", functions.double, {"min_success_ratio": 1.0}, []),
    ("one value", functions.double, {}, 7),
    ("a tuple", functions.double, {}, (1, 2)),
    ("a text", functions.double, {}, "ab"),
    ("a map", functions.echo, {}, {"a": 1}),
    ("null among the results", functions.none_on_odd, {}, [1, 2, 3, 4]),
    ("failures above the ratio", functions.fail_on_odd, {"min_success_ratio": 0.5}, [1, 2, 4]),
    ("failures at the ratio", functions.fail_on_odd, {"min_success_ratio": 0.5}, [1, 2]),
    ("failures below the ratio", functions.fail_on_odd, {"min_success_ratio": 0.7}, [1, 2, 4]),
    ("failures by default", functions.fail_on_odd, {}, [1, 2]),
    ("all fail, ratio 0", functions.fail_on_odd, {"min_success_ratio": 0.0}, [1, 3]),
    ("all fail", functions.fail_on_odd, {"min_success_ratio": 0.1}, [1, 3]),
    ("an exception without words", functions.raise_without_words, {"min_success_ratio": 0.0}, [1]),
    ("retries in vain", functions.fail_on_odd, {"retries": 2, "retry_delay": 0.01, "min_success_ratio": 0.5}, [1, 2]),
    ("values of all types", functions.echo, {}, [1.0, (1, 2), {"b": 1, "a": 2}, b"x", None, {1: {2}}, "ü", 2**70]),
]


@pytest.mark.parametrize(("function", "settings", "items"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
@pytest.mark.parametrize("place", ["processes", "threads"])
def test_attributes_are_the_same(function: Callable[..., Any], settings: Dict[str, Any], items: Any, place: str) -> None:
    if place == "threads":
        there, here = both(lambda item: function(item), settings, items)
    else:
        there, here = both(function, settings, items)
    assert here == there
    if here[0] == "returned":
        assert list(map(type, here[1]["results"])) == list(map(type, there[1]["results"]))


def test_retries_that_help(tmp_path: Path) -> None:
    settings = {"retries": 3, "retry_delay": 0.01}
    there = outcome(flowyml.map_task, functions.fail_until_third, {"name": next(names), **settings}, [str(tmp_path / "a")])
    here = outcome(flowrun.map_task, functions.fail_until_third, settings, [str(tmp_path / "b")])
    assert here == there == ("returned", here[1]) and here[1]["results"] == [3]


def test_names_and_defaults_are_the_same() -> None:
    there = flowyml.map_task(functions.double)
    here = flowrun.map_task(functions.double)
    assert here.name == there.name == "double"
    for name in vars(there.map_config):
        assert getattr(here.config, name) == getattr(there.map_config, name)
    assert set(vars(there.map_config)) == set(vars(here.config))


def test_further_arguments_are_the_same() -> None:
    points = [functions.Point(1), functions.Point(2)]
    there = flowyml.map_task(name=next(names))(functions.shift)(points, 1, down=2.0)
    assert flowrun.map_task(functions.shift)(points, 1, down=2.0).results == there.results


def test_difference_a_timeout_ends_the_item(tmp_path: Path) -> None:
    settings = {"timeout_per_item": 0.2, "min_success_ratio": 0.0}
    door = str(tmp_path / "door")
    # There the call lasts until the function returns, and nothing has failed.
    opener = threading.Timer(0.5, Path(door).touch)
    opener.start()
    there = outcome(flowyml.map_task, functions.wait_for, {"name": next(names), **settings}, [door])
    opener.join()
    assert there[1]["failures"] == 0
    Path(door).unlink()
    here = outcome(flowrun.map_task, functions.wait_for, settings, [door])
    assert here[1]["failures"] == 1 and "timeout" in here[1]["errors"][0]


def test_difference_fail_fast_keeps_what_had_ended() -> None:
    # There the item that ends while the failure is handled is lost; here each one that ran counts.
    settings = {"fail_fast": True, "min_success_ratio": 0.0, "concurrency": 1}
    result = flowrun.map_task(**settings)(functions.fail_on_odd)([0, 1, 2, 4])
    assert (result.successes, result.failures, result.results) == (1, 1, [0, None, None, None])
    lost = flowyml.map_task(name=next(names), **settings)(functions.fail_on_odd)([0, 1, 2, 4])
    assert lost.failures == 1 and lost.errors == {1: "odd: 1"}


def test_difference_settings_of_flowyml_steps_are_refused() -> None:
    flowyml.map_task(name=next(names), inputs=["a"])(functions.double)
    with pytest.raises(TypeError, match="inputs"):
        flowrun.map_task(inputs=["a"])  # type: ignore[call-overload]


def test_difference_a_function_of_a_module_has_a_process_of_its_own() -> None:
    there = flowyml.map_task(name=next(names))(functions.environment)(["X"]).results[0][2]
    here = flowrun.map_task(functions.environment)(["X"]).results[0][2]
    assert there != here


def test_a_function_that_exits_ends_the_call_in_both() -> None:
    for function in (functions.leave, lambda item: functions.leave(item)):
        for map_task in (flowyml.map_task, flowrun.map_task):
            with pytest.raises(SystemExit) as raised:
                map_task(name=next(names), min_success_ratio=0.0)(function)([1])
            assert raised.value.code == 4


def test_difference_async_functions_are_awaited() -> None:
    (coroutine,) = flowyml.map_task(name=next(names))(functions.later)([1]).results
    assert inspect.iscoroutine(coroutine)
    coroutine.close()
    assert flowrun.map_task(functions.later)([1]).results == [2]


def test_difference_settings_out_of_range_are_refused() -> None:
    with pytest.raises(RuntimeError):
        flowyml.map_task(name=next(names), min_success_ratio=1.5)(functions.double)([1])
    with pytest.raises(ValueError, match="min_success_ratio must be from 0 to 1, not 1.5"):
        flowrun.map_task(min_success_ratio=1.5)


def test_difference_fail_ends_the_retries(tmp_path: Path) -> None:
    for map_task, calls in ((flowyml.map_task, "xxx"), (flowrun.map_task, "x")):
        path = tmp_path / calls
        settings = {"name": next(names), "retries": 2, "retry_delay": 0.001, "min_success_ratio": 0.0}
        assert map_task(**settings)(functions.fail_for_good)([str(path)]).errors == {0: "never again"}
        assert path.read_text() == calls


def test_difference_skip_leaves_an_item_out() -> None:
    there = flowyml.map_task(name=next(names), min_success_ratio=0.0)(functions.skip_odd)([1, 2])
    assert (there.results, there.failures) == ([None, 2], 1)
    here = flowrun.map_task(functions.skip_odd)([1, 2])
    assert (here.results, here.failures) == ([None, 2], 0)


def test_difference_what_a_process_changes_is_not_seen_here() -> None:
    items: List[List[int]] = [[1]]
    assert flowyml.map_task(name=next(names))(functions.grow)(items).results == [2] and items == [[1, 0]]
    assert flowrun.map_task(functions.grow)(items).results == [3] and items == [[1, 0]]


def test_difference_the_logger_has_another_name(caplog: pytest.LogCaptureFixture) -> None:
    for map_task, logger in ((flowyml.map_task, "flowyml.core.map_task"), (flowrun.map_task, "flowrun")):
        caplog.clear()
        map_task(name="logged-" + logger, min_success_ratio=0.0)(functions.fail_on_odd)([1])
        assert [(record.name, record.getMessage()) for record in caplog.records] == [
            (logger, f"Map task 'logged-{logger}' item 0 failed: odd: 1")
        ]


def test_the_delay_between_attempts_doubles_in_both() -> None:
    for map_task in (flowyml.map_task, flowrun.map_task):
        times: List[float] = []

        def note(_: int) -> None:
            times.append(time.monotonic())
            raise ValueError

        map_task(name=next(names), retries=2, retry_delay=0.1, min_success_ratio=0.0)(note)([1])
        first, second = times[1] - times[0], times[2] - times[1]
        assert 0.1 <= first < 0.2 <= second
