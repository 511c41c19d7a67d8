"""Plugins that go wrong, workers and supervisors that are killed, runs that overlap: nothing is lost or done twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Command
from tests.running.tiny import RESULTS, differences, leftovers, placed, records, start, write_suite

pytestmark = pytest.mark.processes


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("event", ["artifacts", "records"])
def test_a_run_killed_at_an_event_goes_on_where_it_stopped(
    blurbench: Command,
    tmp_path: Path,
    striker: dict[str, str],
    undisturbed: dict[str, Any],
    event: str,
    when: str,
) -> None:
    suite = write_suite(tmp_path)
    first = blurbench("run", "--suite", str(suite), "-j", "1", STRIKE=f"{event} run {when}", **striker)
    assert first.returncode == -signal.SIGKILL
    assert len(records(tmp_path / RESULTS)) < len(undisturbed)
    second = blurbench("run", "--suite", str(suite), "-j", "1", **striker)
    assert second.returncode == 0, second.stderr
    assert not differences(records(tmp_path / RESULTS), undisturbed)
    assert leftovers(tmp_path / RESULTS) == []
    # Struck before the rename, the one under way is made again; struck after it, nothing is.
    assert sum(count - 1 for count in placed(striker).values()) == (1 if when == "before" else 0)


@pytest.mark.parametrize("event", ["artifacts", "records"])
def test_a_killed_worker_costs_its_task_and_is_replaced(
    blurbench: Command, tmp_path: Path, striker: dict[str, str], undisturbed: dict[str, Any], event: str
) -> None:
    suite = write_suite(tmp_path)
    first = blurbench("run", "--suite", str(suite), "-j", "1", STRIKE=f"{event} worker before", **striker)
    assert first.returncode == 1
    assert "its worker process died (signal SIGKILL)" in first.stderr
    statuses = Counter(record["status"] for record in records(tmp_path / RESULTS).values())
    if event == "records":
        assert statuses == {"ok": 5, "failed": 1}
    else:  # plain could not be stored: its two cells failed, first-n is blocked, retrain went on
        assert statuses == {"ok": 2, "failed": 2, "blocked": 2}
    again = blurbench("run", "--suite", str(suite), "-j", "0", **striker)
    assert again.returncode == 1, "without --rerun failed, what failed stays failed"
    mended = blurbench("run", "--suite", str(suite), "-j", "0", "--rerun", "failed", **striker)
    assert mended.returncode == 0, mended.stderr
    assert not differences(records(tmp_path / RESULTS), undisturbed)


@pytest.mark.parametrize("event", ["artifacts", "records"])
def test_a_full_disk_stops_the_run_in_one_line_and_blames_no_cell(
    blurbench: Command, tmp_path: Path, striker: dict[str, str], undisturbed: dict[str, Any], event: str
) -> None:
    suite = write_suite(tmp_path)
    first = blurbench("run", "--suite", str(suite), "-j", "2", STRIKE=f"{event} disk before", **striker)
    assert first.returncode == 1
    last = first.stderr.splitlines()[-1]
    assert last.startswith(f"blurbench: no room left in {tmp_path / RESULTS}: ")
    assert last.endswith("what was measured is kept: make room, and the same command goes on from there")
    assert "Traceback" not in first.stderr
    assert {record["status"] for record in records(tmp_path / RESULTS).values()} <= {"ok"}
    second = blurbench("run", "--suite", str(suite), "-j", "0", **striker)
    assert second.returncode == 0, second.stderr
    assert not differences(records(tmp_path / RESULTS), undisturbed)


def _hear_signals() -> None:
    """Whatever started the tests (a background job, say) may have had SIGINT ignored, and children inherit that."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def _children(process: int) -> set[int]:
    own = Path(f"/proc/{process}/task/{process}/children")
    return {int(number) for number in own.read_text().split()} if own.exists() else set()


def _is_alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.parametrize(
    ("number", "whom", "code"),
    [(signal.SIGINT, "run", 130), (signal.SIGTERM, "all", 143)],
)
def test_ctrl_c_and_sigterm_keep_what_was_measured_and_leave_no_worker(
    tmp_path: Path,
    blurbench: Command,
    undisturbed: dict[str, Any],
    number: signal.Signals,
    whom: str,
    code: int,
) -> None:
    suite = write_suite(tmp_path)
    with subprocess.Popen(
        start(suite),
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_hear_signals,
        start_new_session=True,
    ) as process:
        deadline = time.monotonic() + 120
        while not list((tmp_path / RESULTS).glob("records/*/*.json")) and time.monotonic() < deadline:
            time.sleep(0.05)
        workers = _children(process.pid)
        (os.killpg if whom == "all" else os.kill)(process.pid, number)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == code, stderr
    assert stderr.endswith(
        f"Interrupted. What was measured is kept in {RESULTS}; the same command goes on from there.\n"
    )
    assert "Traceback" not in stderr
    assert workers or sys.platform != "linux"
    deadline = time.monotonic() + 10  # Python's own tracker of resources sees a moment later that its parent is gone
    while (left := [worker for worker in workers if _is_alive(worker)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left
    kept = Counter(record["status"] for record in records(tmp_path / RESULTS).values())
    assert set(kept) == {"ok"}, "what was under way is missing, not failed"
    assert blurbench("run", "--suite", str(suite), "-j", "0").returncode == 0
    assert not differences(records(tmp_path / RESULTS), undisturbed)


@pytest.mark.parametrize("moment", [0.8, 1.5, 6.0])
def test_ctrl_c_again_and_again_ends_at_once_in_one_line(tmp_path: Path, moment: float) -> None:
    suite = write_suite(tmp_path)
    with subprocess.Popen(
        start(suite),
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_hear_signals,
        start_new_session=True,
    ) as process:
        time.sleep(moment)
        began = time.monotonic()
        for _ in range(5):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.05)
        _, stderr = process.communicate(timeout=60)
    if "Written:" in stderr or process.returncode == 0:
        pytest.skip("it had ended before")
    assert process.returncode == 130, stderr
    assert "Traceback" not in stderr
    assert [line for line in stderr.splitlines() if "nterrupted" in line] == [stderr.splitlines()[-1]]
    assert time.monotonic() - began < 10
    assert not _group(process.pid)


def _group(leader: int) -> list[int]:
    """Processes of a group that still run, a moment later."""
    deadline = time.monotonic() + 10
    while True:
        found = [number for number in _all_processes() if _is_alive(number) and _group_of(number) == leader]
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def _all_processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _group_of(process: int) -> int:
    try:
        return os.getpgid(process)
    except ProcessLookupError:
        return -1


def test_every_way_to_go_wrong_is_a_row_with_its_reason(blurbench: Command, tmp_path: Path, trouble: Path) -> None:
    path = write_suite(
        tmp_path,
        strategies=(
            "plain",
            "bad-fit[how=raise]",
            "bad-fit[how=kill]",
            "bad-fit[how=logits]",
            "bad-fit[how=not-finite]",
            "bad-fit[how=long-skip]",
            "bad-fit[how=spoil]",
            "on-top-of[other=bad-fit[how=raise]]",
            "first-n[n=9]",
        ),
        blurs=("none", *(f"unruly[how={how}]" for how in ("raise", "shape", "not-finite", "kill", "hang", "print"))),
    )
    suite = ("--suite", str(path), "-j", "1")
    others = [f"--test-blur=unruly[how={how}]" for how in ("raise", "shape", "not-finite", "kill", "print")]
    result = blurbench("run", *suite, "--strategy", "plain", *others, PYTHONPATH=str(trouble))
    assert result.returncode == 1
    reasons = by_place(tmp_path, "test_blur")
    assert reasons == {
        "none": "",
        "unruly[how=raise]": "RuntimeError: the lens fell off",
        "unruly[how=shape]": "blur Unruly turned (60, 1, 16, 16) into (60, 1, 15, 16)",
        "unruly[how=not-finite]": "blur Unruly gave NaN or infinity",
        "unruly[how=kill]": "its worker process died (signal SIGKILL)",
        "unruly[how=print]": "",
    }
    hanging = ["--test-blur", "unruly[how=hang]", "--minutes", "0.1"]
    blurbench("run", *suite, "--strategy", "plain", *hanging, PYTHONPATH=str(trouble))
    assert by_place(tmp_path, "test_blur")["unruly[how=hang]"] == "it took longer than the limit of 0.1 minutes"
    logs = "".join(path.read_text() for path in (tmp_path / RESULTS / "logs").iterdir())
    assert 'raise RuntimeError("the lens fell off")' in logs
    assert "a word on stdout" in logs
    assert "a word on stdout" not in result.stdout

    result = blurbench("run", *suite, "--test-blur", "none", PYTHONPATH=str(trouble))
    assert result.returncode == 1
    assert by_place(tmp_path, "strategy", test_blur="none") == {
        "plain": "",
        "bad-fit[how=raise]": "RuntimeError: no gradient today",
        "bad-fit[how=kill]": "its worker process died (signal SIGSEGV)",
        "bad-fit[how=logits]": "logits have the shape (60, 11), expected (60, 10)",
        "bad-fit[how=not-finite]": "the predictor gave NaN or infinity",
        "bad-fit[how=long-skip]": ("no reason is too long " * 100)[:297] + "...",
        "bad-fit[how=spoil]": "fitting changed its training or validation images in place; work on a clone",
        "on-top-of[other=bad-fit[how=raise]]": "it needs digits: bad-fit[how=raise] "
        "(cnn3[widths=[4, 8, 8]]), which failed: RuntimeError: no gradient today",
        "first-n[n=9]": "the classifier has 4 units, fewer than 9",
    }
    board = next((tmp_path / RESULTS / "boards").glob("*.md")).read_text()
    assert "no gradient today" in board


def test_a_device_that_cannot_be_had_stops_the_run_and_records_nothing(blurbench: Command, tmp_path: Path) -> None:
    result = blurbench("run", "--suite", str(write_suite(tmp_path)), "-j", "1", "--device", "xpu:7")
    assert result.returncode == 2
    assert result.stderr.splitlines()[-1].startswith("blurbench: no worker can start on device 'xpu:7': ")
    assert "Traceback" not in result.stderr
    assert records(tmp_path / RESULTS) == {}


def test_rerun_all_fits_and_measures_everything_again(
    blurbench: Command, tmp_path: Path, striker: dict[str, str], undisturbed: dict[str, Any]
) -> None:
    suite = write_suite(tmp_path)
    for rerun in ("missing", "all"):
        assert blurbench("run", "--suite", str(suite), "-j", "0", "--rerun", rerun, **striker).returncode == 0
    assert not differences(records(tmp_path / RESULTS), undisturbed)
    assert set(placed(striker).values()) == {2}


def by_place(folder: Path, axis: str, **only: str) -> dict[str, str]:
    """The reason of each record by its label on one axis."""
    chosen = [
        record
        for record in records(folder / RESULTS).values()
        if all(record["axes"][name]["label"] == label for name, label in only.items())
    ]
    return {record["axes"][axis]["label"]: record["reason"] for record in chosen}
