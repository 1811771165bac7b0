"""The three real-world examples of FlowyML's page on map tasks, as they stand there but for the import line.

What they call and do not define stands above them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Dict, List, Tuple

from flowrun import map_task


def remove_html_tags(text: str) -> str:
    return re.sub(r"<[^>]*>", "", text)


class load_image:
    """A picture that is a text file with its size in it."""

    def __init__(self, path: str) -> None:
        width, height = Path(path).read_text().split("x")
        self.size = (int(width), int(height))

    def resize(self, size: Tuple[int, int]) -> "load_image":
        self.size = size
        return self

    def save(self, path: str) -> None:
        Path(path).write_text("{}x{}".format(*self.size))


class Pipeline:
    def __init__(self) -> None:
        self.steps: List[Dict[str, Any]] = []

    def add_step(self, step: Any, inputs: List[str], outputs: List[str]) -> None:
        self.steps.append({"step": step, "inputs": inputs, "outputs": outputs})


pipeline = Pipeline()

# fmt: off


@map_task(concurrency=8, retries=1)
def clean_text(text: str) -> str:
    """Clean and normalize a single text document."""
    text = text.strip().lower()
    text = remove_html_tags(text)
    return text

# Process 10,000 documents with 8 parallel workers
pipeline.add_step(clean_text, inputs=["raw_texts"], outputs=["clean_texts"])


@map_task(concurrency=4, retries=3, min_success_ratio=0.95, retry_delay=2.0)
def resize_image(image_path: str) -> str:
    """Resize a single image — up to 5% can fail without breaking the pipeline."""
    img = load_image(image_path)
    resized = img.resize((224, 224))
    output_path = image_path.replace("raw/", "resized/")
    resized.save(output_path)
    return output_path


@map_task(concurrency=2, fail_fast=True)
def validate_record(record: dict) -> dict:
    """Validate a record — stop immediately if any record is invalid."""
    if not record.get("id"):
        raise ValueError("Missing ID")
    return record
