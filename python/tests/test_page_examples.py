"""FlowyML's three real-world examples."""

from __future__ import annotations

from pathlib import Path

import page_examples
import pytest


def test_ten_thousand_documents_are_cleaned() -> None:
    (step,) = page_examples.pipeline.steps
    assert step == {"step": page_examples.clean_text, "inputs": ["raw_texts"], "outputs": ["clean_texts"]}
    result = step["step"]([f" <b>Document</b> {number} " for number in range(10_000)])
    assert result.results == [f"document {number}" for number in range(10_000)]
    assert (result.total, result.successes, result.failures, result.success_ratio) == (10_000, 10_000, 0, 1.0)


def test_pictures_are_resized_and_a_twentieth_may_fail(tmp_path: Path) -> None:
    for folder in ("raw", "resized"):
        (tmp_path / folder).mkdir()
    paths = [str(tmp_path / "raw" / f"{number}.txt") for number in range(20)]
    for path in paths:
        Path(path).write_text("640x480")
    result = page_examples.resize_image(paths)
    assert result.results == [path.replace("raw/", "resized/") for path in paths]
    assert {Path(path).read_text() for path in result.results} == {"224x224"}


def test_a_record_without_an_id_stops_everything() -> None:
    with pytest.raises(RuntimeError, match=r"Map task 'validate_record' failed: success ratio .* 1/3 items failed\."):
        page_examples.validate_record([{"id": 1}, {}, {"id": 3}])
    assert page_examples.validate_record([{"id": 1}]).results == [{"id": 1}]
