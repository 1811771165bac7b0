"""`run` and what it returns, with the real binary."""

from __future__ import annotations

import itertools
import json
import os
import signal
from pathlib import Path
from typing import Any, Dict, List

import pytest

import flowrun
from flowrun._notebook import Table

NUMBERS = """
version: 1
name: numbers
params: {last: 4, names: {type: list, default: []}}
steps:
  numbers:
    items: {lua: "local all = {} for n = 1, params.last do all[n] = n end return all"}
  half:
    from: numbers
    map:
      min_success_ratio: 0.5
      lua: |
        if item == 3 then error("three") end
        return { v = item / 2, name = params.names[item] }
  twice:
    from: half
    flat_map: "return { item.v, item.v }"
"""


def pipeline(folder: Path, text: str) -> Path:
    path = folder / "pipeline.yaml"
    path.write_text(text)
    return path


def test_a_run_has_its_steps_by_name_and_its_results_in_order(tmp_path: Path) -> None:
    events: List[Dict[str, Any]] = []
    result = flowrun.run(pipeline(tmp_path, NUMBERS), params={"names": ["a", "b"]}, on_event=events.append)
    assert result.ok and result.check() is result and result.exit_code == 0
    assert (result.pipeline, result.status) == ("numbers", "succeeded")
    half = result.steps["half"]
    assert (half.total, half.successes, half.failures, half.skipped, half.cancelled) == (4, 3, 1, 0, 0)
    assert list(half.results) == [{"v": 0.5, "name": "a"}, {"v": 1, "name": "b"}, {"v": 2}]
    assert list(half.results) == list(half.results)
    assert list(result.steps["twice"].results) == [0.5, 0.5, 1, 1, 2, 2]
    assert list(half.errors) == [(3, "three")]
    (failed,) = half.failed
    assert (failed["index"], failed["item"], failed["error"]["kind"]) == (3, 3, "error")
    assert [event["event"] for event in events][0::len(events) - 1] == ["run_started", "run_finished"]


def test_limit_overrides_and_only_reach_the_run(tmp_path: Path) -> None:
    path = pipeline(tmp_path, NUMBERS)
    result = flowrun.run(path, limit=2, until="half", overrides={"half.concurrency": 1}, seed=7)
    assert list(result.steps) == ["numbers", "half"]
    assert result.steps["half"].total == 2


def test_a_failed_step_is_a_result_and_check_raises(tmp_path: Path) -> None:
    text = NUMBERS.replace("min_success_ratio: 0.5", "min_success_ratio: 0.9")
    result = flowrun.run(pipeline(tmp_path, text))
    assert (result.ok, result.status, result.exit_code) == (False, "failed", 1)
    twice = result.steps["twice"]
    assert twice.status == "skipped"
    assert list(twice.results) == list(twice.failed) == list(twice.errors) == []
    assert len(list(result.steps["half"].results)) == 3
    with pytest.raises(flowrun.RunFailed, match="`half`: ") as raised:
        result.check()
    assert raised.value.result is result


def test_strict_counts_tolerated_failures(tmp_path: Path) -> None:
    assert flowrun.run(pipeline(tmp_path, NUMBERS), strict=True).exit_code == 3


def test_an_invalid_file_and_a_missing_one_raise_with_what_is_wrong(tmp_path: Path) -> None:
    bad = pipeline(tmp_path, "version: 1\nsteps: {a: {itms: [1]}}\n")
    with pytest.raises(flowrun.FlowrunError, match="unknown key `itms`") as raised:
        flowrun.run(bad)
    assert raised.value.exit_code == 65
    assert [(one.line, one.column, one.code) for one in raised.value.findings] == [(2, 13, "flowrun::unknown_key")]
    with pytest.raises(flowrun.FlowrunError, match="no such file") as missing:
        flowrun.run(tmp_path / "nothing.yaml")
    assert missing.value.exit_code == 2


def test_an_interrupt_stops_the_run_in_order(tmp_path: Path) -> None:
    text = """
version: 1
steps:
  numbers: {items: [1, 2]}
  wait: {from: numbers, map: {timeout: 300s, lua: "print('begun') time.sleep(200) return item"}}
"""

    def interrupt(event: Dict[str, Any]) -> None:
        if event["event"] == "log":
            os.kill(os.getpid(), signal.SIGINT)

    path = pipeline(tmp_path, text)
    with pytest.raises(KeyboardInterrupt):
        flowrun.run(path, on_event=interrupt, arguments=["--grace", "0s"])
    from flowrun._binary import call

    listed = call(["runs", "--format", "json", "--state-dir", str(tmp_path / ".flowrun")])
    assert [run["status"] for run in json.loads(listed.stdout)] == ["interrupted"]


def test_results_are_a_stream_that_may_be_left_early(tmp_path: Path) -> None:
    text = NUMBERS.replace("if item == 3 then error(\"three\") end", "")
    result = flowrun.run(pipeline(tmp_path, text), params={"last": 200_000}, until="half")
    rows = iter(result.steps["half"].results)
    assert [row["v"] for row in itertools.islice(rows, 3)] == [0.5, 1, 1.5]
    rows.close()  # type: ignore[attr-defined]
    assert sum(1 for _ in result.steps["half"].results) == 200_000


def test_a_step_without_kept_results_says_so(tmp_path: Path) -> None:
    result = flowrun.run(pipeline(tmp_path, NUMBERS))
    with pytest.raises(flowrun.FlowrunError, match="keeps no results"):
        list(result.steps["numbers"].results)


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_results_become_tables(tmp_path: Path, library: str) -> None:
    pytest.importorskip(library)
    result = flowrun.run(pipeline(tmp_path, NUMBERS), params={"names": ["a", "b"]})
    half, twice = result.steps["half"].results, result.steps["twice"].results
    if library == "pandas":
        assert half.to_pandas()["v"].tolist() == [0.5, 1, 2]
        assert twice.to_pandas()["value"].tolist() == [0.5, 0.5, 1, 1, 2, 2]
    elif library == "polars":
        assert half.to_polars().to_dicts() == [{"v": 0.5, "name": "a"}, {"v": 1, "name": "b"}, {"v": 2, "name": None}]
    else:
        assert half.to_arrow().to_pydict() == {"v": [0.5, 1, 2], "name": ["a", "b", None]}
        assert twice.to_arrow().column_names == ["value"]


def test_columns_that_change_their_type_between_chunks_are_joined(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    text = NUMBERS.replace('if item == 3 then error("three") end', "")
    result = flowrun.run(pipeline(tmp_path, text), params={"last": 20_003, "names": ["a"]}, until="half")
    table = result.steps["half"].results.to_arrow()
    assert table.num_rows == 20_003 and table["name"].null_count == 20_002


def test_the_table_of_a_notebook_shows_each_step() -> None:
    table = Table()
    table._draw = lambda: None  # type: ignore[method-assign]
    table.take({"event": "run_started", "pipeline": "a<b", "run": "7f3a", "steps": [{"id": "clean", "verb": "map"}]})
    table.take({"event": "step_started", "step": "clean", "total": 10_000})
    table.take({"event": "progress", "step": "clean", "successes": 5000, "failures": 1, "total": 10_000})
    page = table.page()
    assert "a&lt;b · run 7f3a" in page
    assert "<th scope=row>clean</th><td>running</td><td>5,001 of 10,000</td><td>5,000</td><td>1</td>" in page


def test_progress_in_a_kernel_is_one_display_that_is_updated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("IPython")
    import IPython.display

    pages: List[str] = []

    class Handle:
        def update(self, page: Any) -> None:
            pages.append(page.data)

    def display(page: Any, display_id: bool) -> Handle:
        assert display_id
        pages.append(page.data)
        return Handle()

    monkeypatch.setattr(IPython.display, "display", display)
    monkeypatch.setattr("flowrun._run.is_notebook", lambda: True)
    flowrun.run(pipeline(tmp_path, NUMBERS))
    assert len(pages) >= 2 and "succeeded in" in pages[-1] and "<td>4 of 4</td>" in pages[-1]
