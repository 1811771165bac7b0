"""`check`, `check_file` and finding the binary."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import flowrun

GOOD = "version: 1\nsteps:\n  a: {items: [1]}\n  b: {from: a, write: out.jsonl}\n"


def test_a_good_text_has_no_findings(tmp_path: Path) -> None:
    assert flowrun.check(GOOD, folder=tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_findings_have_their_place_and_say_what_to_do(tmp_path: Path) -> None:
    findings = flowrun.check("version: 1\nsteps: {a: {itms: [1]}}\n", folder=tmp_path)
    (finding,) = findings
    assert (finding.code, finding.severity, finding.file) == ("flowrun::unknown_key", "error", "<text>")
    assert (finding.line, finding.column, finding.end_line, finding.end_column) == (2, 13, 2, 17)
    assert finding.labels[0]["message"] == "did you mean `items`?"
    assert str(finding).startswith("<text>:2:13: error: unknown key `itms` in step `a` [flowrun::unknown_key]\n  help: ")


def test_a_text_that_is_no_yaml_has_a_finding() -> None:
    assert [one.severity for one in flowrun.check("steps: [")] == ["error"]


def test_paths_are_looked_up_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "clean.lua").write_text("return function(item) return item end\n")
    text = GOOD.replace("{from: a, write: out.jsonl}", "{from: a, map: {file: clean.lua}}\n  c: {from: b, write: x.jsonl}")
    assert flowrun.check(text, folder=tmp_path) == []
    assert flowrun.check(text, folder=tmp_path / "..") != []


def test_a_file_that_cannot_be_read_raises(tmp_path: Path) -> None:
    with pytest.raises(flowrun.FlowrunError, match="nothing.yaml"):
        flowrun.check_file(tmp_path / "nothing.yaml")


def test_the_module_is_the_binary() -> None:
    shown = subprocess.run([sys.executable, "-m", "flowrun", "--version"], capture_output=True, text=True, check=True)
    direct = subprocess.run([flowrun.find_binary(), "--version"], capture_output=True, text=True, check=True)
    assert shown.stdout == direct.stdout and shown.stdout.startswith("flowrun ")


def test_a_wrong_binary_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FLOWRUN_BIN", str(tmp_path / "nothing"))
    with pytest.raises(flowrun.FlowrunError, match="`FLOWRUN_BIN` names .*nothing, which is no program"):
        flowrun.find_binary()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"junk", "cannot be started: Exec format error"),
        (b"#!/bin/sh\necho hi\n", "is no flowrun: it printed `hi` where JSON was due"),
    ],
)
def test_a_program_that_is_not_flowrun_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes, why: str
) -> None:
    other = tmp_path / "other"
    other.write_bytes(content)
    other.chmod(0o755)
    (tmp_path / "p.yaml").write_text(GOOD)
    monkeypatch.setenv("FLOWRUN_BIN", str(other))
    rows = flowrun.Rows(["show"], iter)
    for call in (lambda: flowrun.check(GOOD), lambda: flowrun.run(tmp_path / "p.yaml"), lambda: list(rows)):
        with pytest.raises(flowrun.FlowrunError, match=f"other` {why}$"):
            call()


def test_a_folder_is_no_binary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FLOWRUN_BIN", str(tmp_path))
    with pytest.raises(flowrun.FlowrunError, match="which is no program"):
        flowrun.check(GOOD)
