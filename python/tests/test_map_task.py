"""`map_task` by itself: in processes, and on threads where no other process finds the function."""

from __future__ import annotations

import logging
import os
import signal
import threading
from pathlib import Path
from typing import Any, Callable, List

import functions
import pytest
from functions import Point

import flowrun
from flowrun import MapTaskResult, map_task

# Half of these tests want to run on threads.
pytestmark = pytest.mark.filterwarnings("ignore::flowrun.ThreadsWarning")

Place = Callable[[Callable[..., Any]], Callable[..., Any]]


def local(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function under a name that no other process finds."""
    return lambda *args, **kwargs: function(*args, **kwargs)


@pytest.fixture(params=["processes", "threads"])
def place(request: pytest.FixtureRequest) -> Place:
    return local if request.param == "threads" else lambda function: function


def test_results_stand_at_their_indices(place: Place) -> None:
    result = map_task(place(functions.double))([3, "a", [1]])
    assert result == MapTaskResult(results=[6, "aa", [1, 1]], successes=3, failures=0, errors={}, total=3)
    assert (result.success_ratio, result.successful_results) == (1.0, [6, "aa", [1, 1]])


VALUES: List[Any] = [
    *(None, True, 2**63 - 1, -(2**63), 2**63, 2**200, 1.0, -0.0, float("inf"), 1e300, "", "ü", "\ud800", "a\x00b"),
    *(b"bytes", (1, (2,)), {1: "one", "z": 1, "a": 2}, {3, 4}, [], {}, Point(1), 1 + 2j, range(3)),
    {"pickle": "x"},
]


def test_values_come_back_equal_and_of_their_type(place: Place) -> None:
    results = map_task(place(functions.echo))(VALUES).results
    assert results == VALUES
    assert [type(result) for result in results] == [type(value) for value in VALUES]
    assert [repr(result) for result in results] == [repr(value) for value in VALUES]


def test_further_arguments_reach_every_call(place: Place) -> None:
    result = map_task(place(functions.shift))([Point(1), Point(2)], 10, down=0.5)
    assert result.results == [Point(11, 0.5), Point(12, 0.5)]


def test_a_value_that_is_no_list_is_one_item_and_no_items_are_no_run(place: Place) -> None:
    task = map_task(place(functions.double))
    assert task(4).results == [8]
    assert task((1, 2)).results == [2, 4]
    empty = task([])
    assert (empty.results, empty.total, empty.success_ratio) == ([], 0, 0.0)


def test_failures_above_the_ratio_are_tolerated_with_their_messages(place: Place) -> None:
    result = map_task(concurrency=3, min_success_ratio=0.6)(place(functions.fail_on_odd))([0, 1, 2, 3, 4])
    assert result == MapTaskResult([0, None, 2, None, 4], 3, 2, {1: "odd: 1", 3: "odd: 3"}, 5)
    assert result.successful_results == [0, 2, 4]


def test_failures_below_the_ratio_raise(place: Place) -> None:
    task = map_task(min_success_ratio=0.9, name="evens")(place(functions.fail_on_odd))
    message = r"^Map task 'evens' failed: success ratio 66\.7% < minimum 90\.0%\. 1/3 items failed\.$"
    with pytest.raises(RuntimeError, match=message):
        task([0, 1, 2])


def test_the_ratio_is_compared_on_its_digits(place: Place) -> None:
    # In binary 0.07 · 100 is a little more than 7, which rounds up to 8.
    items = [1] * 93 + [2] * 7
    assert map_task(min_success_ratio=0.07)(place(functions.fail_on_odd))(items).successes == 7


def test_a_message_without_words_is_empty(place: Place) -> None:
    assert map_task(min_success_ratio=0)(place(functions.raise_without_words))([1]).errors == {0: ""}


def test_failed_attempts_are_repeated(place: Place, tmp_path: Path) -> None:
    task = map_task(retries=2, retry_delay=0.001)(place(functions.fail_until_third))
    assert task([str(tmp_path / "a"), str(tmp_path / "b")]).results == [3, 3]
    task = map_task(retries=1, retry_delay=0.0, min_success_ratio=0.0)(place(functions.fail_until_third))
    assert task([str(tmp_path / "c")]).errors == {0: "call 2"}


def test_fail_ends_the_retries(place: Place, tmp_path: Path) -> None:
    task = map_task(retries=5, retry_delay=0.001, min_success_ratio=0)(place(functions.fail_for_good))
    assert task([str(tmp_path / "calls")]).errors == {0: "never again"}
    assert (tmp_path / "calls").read_text() == "x"


@pytest.mark.parametrize("timeout", [None, 30.0])
@pytest.mark.parametrize("what", ["own", "cancelled", "generator", "mute", "forked"])
def test_whatever_is_raised_fails_its_item(place: Place, what: str, timeout: Any) -> None:
    task = map_task(min_success_ratio=0, timeout_per_item=timeout, concurrency=1)(place(functions.raises))
    message = {"own": "mine", "mute": "Mute"}.get(what, "")
    if what == "forked":
        assert task([what, ""]).results == ["3", ""]
        return
    assert task(["", what, ""]) == MapTaskResult(["", None, ""], 2, 1, {1: message}, 3)


@pytest.mark.parametrize("timeout", [None, 30.0])
def test_what_ends_a_program_ends_the_call(place: Place, timeout: Any) -> None:
    task = map_task(min_success_ratio=0, timeout_per_item=timeout, retries=3, retry_delay=60.0)(place(functions.raises))
    with pytest.raises(KeyboardInterrupt):
        task(["", "interrupt", ""])
    with pytest.raises(SystemExit) as raised:
        task(["", "exit", ""])
    assert raised.value.code == 3


@pytest.mark.parametrize("retries", [20, 25, 2000, 2**40])
def test_many_retries_are_taken(place: Place, retries: int) -> None:
    assert map_task(retries=retries)(place(functions.double))([1]).results == [2]
    assert map_task(retries=1, retry_delay=1e300, timeout_per_item=1e300)(place(functions.double))([1]).results == [2]


def test_numbers_of_numpy_are_settings(place: Place) -> None:
    numpy = pytest.importorskip("numpy")
    settings = {"concurrency": numpy.int64(2), "retries": numpy.uint8(1), "retry_delay": numpy.float32(0)}
    task = map_task(min_success_ratio=numpy.float32(0.6), timeout_per_item=numpy.int32(9), **settings)
    assert task(place(functions.fail_on_odd))([0, 1, 2, 3, 4]).successes == 3
    assert task(functions.double).config == flowrun.MapTaskConfig(2, 1, 0.0, 0.6, False, 9.0)
    for name in ("concurrency", "retries", "min_success_ratio"):
        with pytest.raises(TypeError, match=f"{name} must be a .*number, not 'x'"):
            map_task(**{name: "x"})


def test_a_long_folder_for_temporary_files_is_no_hindrance(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    assert map_task(place(functions.double))([1, 2]).results == [2, 4]
    assert list(folder.iterdir()) == []


def test_a_result_that_is_too_long_fails_its_item_elsewhere() -> None:
    result = map_task(min_success_ratio=0.5)(functions.long)([1, 64 << 20])
    assert result.results == [b"x", None]
    assert result.errors == {1: "the result is 85.3 MiB long, and flowrun takes at most 63 MiB from a program"}


def test_fail_fast_begins_nothing_more(place: Place) -> None:
    task = map_task(concurrency=1, fail_fast=True, min_success_ratio=0.0)(place(functions.fail_on_odd))
    result = task([0, 1, 2, 4])
    assert result == MapTaskResult([0, None, None, None], 1, 1, {1: "odd: 1"}, 4)
    with pytest.raises(RuntimeError, match="1/4 items failed"):
        map_task(concurrency=1, fail_fast=True)(place(functions.fail_on_odd))([0, 1, 2, 4])


def test_a_timeout_stops_a_loop_in_its_process() -> None:
    result = map_task(timeout_per_item=0.3, min_success_ratio=0.5)(functions.hang)([0, 1, 2])
    assert result.results == [0, None, 2] and list(result.errors) == [1]
    assert "timeout" in result.errors[1]


def test_a_timeout_on_a_thread_is_told_and_the_thread_goes_on(tmp_path: Path) -> None:
    door, ended = tmp_path / "door", threading.Event()

    def slow(path: str) -> str:
        functions.wait_for(path)
        if path:
            ended.set()
        return path

    result = map_task(timeout_per_item=0.2, min_success_ratio=0.5, concurrency=1)(slow)(["", str(door), ""])
    assert result == MapTaskResult(["", None, ""], 2, 1, {1: "timeout after 0.2s"}, 3)
    assert not ended.is_set()
    door.touch()
    assert ended.wait(10)
    # What it returned after its time is not taken.
    assert result.results[1] is None


def test_items_run_at_once_up_to_the_concurrency(place: Place, tmp_path: Path) -> None:
    # All but the last wait for what the last one makes.
    door = str(tmp_path / "door")

    def meet(item: int) -> int:
        if item == 3:
            Path(door).touch()
        functions.wait_for(door)
        return item

    assert map_task(concurrency=4)(meet)([0, 1, 2, 3]).results == [0, 1, 2, 3]


def test_a_process_that_dies_fails_its_item_alone() -> None:
    result = map_task(min_success_ratio=0.5)(functions.die)([0, 1, 2])
    assert result.results == [0, None, 2] and result.errors == {1: "its process ended with exit code 3"}


def test_functions_of_modules_run_elsewhere_with_the_environment_of_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWRUN_TEST_WORD", "seen")
    for function, is_here in ((functions.environment, False), (local(functions.environment), True)):
        ((word, folder, process),) = map_task(function)(["FLOWRUN_TEST_WORD"]).results
        assert (word, folder) == ("seen", os.getcwd())
        assert (process == os.getpid()) is is_here


def test_items_that_cannot_be_pickled_stay_here() -> None:
    locks = [threading.Lock(), threading.Lock()]
    results = map_task(functions.echo)(locks).results
    assert results[0] is locks[0] and results[1] is locks[1]


def test_a_result_that_cannot_be_pickled_fails_its_item_elsewhere() -> None:
    result = map_task(min_success_ratio=0)(functions.unpicklable)([1])
    assert result.failures == 1 and result.errors[0].startswith("the result cannot be pickled (")


def test_async_functions_are_awaited(place: Place) -> None:
    assert map_task(place(functions.later))([1, 2]).results == [2, 3]


def test_a_decorated_function_of_a_module_keeps_its_name_and_documentation() -> None:
    task = functions.decorated
    assert (task.name, task.__name__, task.__doc__, task.config.concurrency) == ("decorated", "decorated", "Sums the lists.", 2)
    assert task([{"a": [1, 2], "b": [3]}, {}]).results == [6, 0]
    assert task.func({"a": [1]}) == 1


def test_prints_of_other_processes_are_shown_and_failures_logged(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    map_task(functions.talk)(["a"])
    assert "said a" in capsys.readouterr().out
    with caplog.at_level(logging.DEBUG, logger="flowrun"):
        map_task(min_success_ratio=0, retries=1, retry_delay=0.0, name="t")(functions.fail_on_odd)([1])
    assert [record.getMessage() for record in caplog.records] == [
        "Map task 't' item 0 attempt 1/2 failed, retrying in 0.0s: odd: 1",
        "Map task 't' item 0 failed: odd: 1",
    ]


def test_an_interrupt_reaches_the_caller(place: Place, tmp_path: Path) -> None:
    # The function itself interrupts this process, and then waits longer than the test may take.
    here = os.getpid()

    def interrupt(_: int) -> None:
        os.kill(here, signal.SIGINT)
        functions.wait_for(str(tmp_path / "never"))

    with pytest.raises(KeyboardInterrupt):
        map_task(interrupt)([1])


def test_ten_thousand_items_come_back_in_order(place: Place) -> None:
    result = map_task(concurrency=8)(place(functions.double))(list(range(10_000)))
    assert result.results == list(range(0, 20_000, 2))


@pytest.mark.parametrize(
    ("name", "value"),
    [("concurrency", 0), ("retries", -1), ("retry_delay", -1.0), ("min_success_ratio", 1.5), ("timeout_per_item", 0)],
)
def test_settings_out_of_range_are_refused_at_once(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=name):
        map_task(**{name: value})


def test_flowrun_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWRUN_BIN", "/nonexistent/flowrun")
    with pytest.raises(flowrun.FlowrunError, match="FLOWRUN_BIN"):
        map_task(functions.double)([1])


def test_flowrun_of_another_version_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = tmp_path / "flowrun"
    old.write_text("#!/bin/sh\necho 'unknown key `program`' >&2\nexit 65\n")
    old.chmod(0o755)
    monkeypatch.setenv("FLOWRUN_BIN", str(old))
    with pytest.raises(flowrun.FlowrunError, match="flowrun` is of another version than this package: unknown key `program`$"):
        map_task(functions.double)([1])
