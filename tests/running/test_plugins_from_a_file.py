"""A remedy and a blur in a file of one's own, in real runs: workers, keys, boards, bundles."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import Command
from tests.registry.test_plugin_files import MINE
from tests.running.tiny import records

pytestmark = pytest.mark.processes

CHOSEN = (
    *("run", "--suite", "smoke", "-j", "1", "--classifier", "cnn3[widths=[8, 16, 16]]", "--test-blur"),
    *("square-mean", "--strategy", "deblur-then-classify[restorer=unchanged]"),
)

SCRIPT = """
import blurbench as bb

run = bb.run("smoke", jobs=1, plugins=["mine.py"], strategies=["plain"], test_blurs=["square-mean"],
             classifiers=["cnn3[widths=[8, 16, 16]]"])
print(sorted(run.results().test_blur.unique()), bb.make("square-mean[times=2]").side())
"""


def test_its_plugins_run_in_workers_and_a_changed_file_is_measured_anew(blurbench: Command, tmp_path: Path) -> None:
    file, results = tmp_path / "mine.py", tmp_path / "blurbench-results"
    file.write_text(MINE)
    first = blurbench(*CHOSEN, "--plugins", "mine.py")
    assert first.returncode == 0, first.stderr
    assert {record["status"] for record in records(results).values()} == {"ok"}
    board = next((results / "boards").glob("*.md")).read_text()
    assert "labels, code from a file (mine.py)" in board
    assert "--plugins mine.py" in board
    assert "Nothing to do" in blurbench(*CHOSEN, BLURBENCH_PLUGINS=str(file)).stdout
    file.write_text(MINE.replace("2 * self.times + 1", "2 * self.times + 3"))
    again = blurbench("plan", *CHOSEN[1:3], *CHOSEN[5:], "--plugins", "mine.py")
    assert "4 cells: 1 measured, 3 to measure, 0 skipped" in again.stdout  # `plain` on sharp images is none of its

    bundle = blurbench("submit", "--write", "mine.zip", "--plugins", "mine.py")
    assert bundle.returncode == 0, bundle.stderr
    with zipfile.ZipFile(tmp_path / "mine.zip") as content:
        texts = {name: content.read(name).decode() for name in content.namelist()}
    assert not any(name.endswith(".py") or "DensePsf" in text or str(tmp_path) in text for name, text in texts.items())
    assert any('"source":' in text for text in texts.values())


LOADING = """
from dataclasses import dataclass

import torch
from blurbench.contract import Strategy
from blurbench.training import fit_from_scratch


class Squares(torch.utils.data.Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, place):
        return torch.tensor(place**2)


@dataclass(frozen=True)
class Loading(Strategy):
    '''Reads through processes of its own.'''

    def fit(self, module, job):
        total = sum(int(batch.sum()) for batch in torch.utils.data.DataLoader(Squares(), num_workers=2))
        if total != 14:
            raise ValueError(total)
        return fit_from_scratch(module, job, lambda images, epoch: job.blur(images, epoch).images)
"""


def test_a_remedy_may_start_processes_of_its_own(blurbench: Command, tmp_path: Path) -> None:
    (tmp_path / "loading.py").write_text(LOADING)
    command = ("run", "--suite", "smoke", "-j", "1", "--classifier", "cnn3[widths=[8, 16, 16]]")
    result = blurbench(*command, "--strategy", "loading", "--plugins", "loading.py")
    assert result.returncode == 0, result.stderr
    assert {record["status"] for record in records(tmp_path / "blurbench-results").values()} == {"ok"}


def test_without_the_file_its_names_are_unknown(blurbench: Command) -> None:
    result = blurbench(*CHOSEN)
    assert result.returncode == 2
    assert "unknown strategy" in result.stderr or "unknown restorer 'unchanged'" in result.stderr


@pytest.mark.parametrize("command", [("ls", "blurs"), ("plan",), ("probe", "x.png"), ("plugin", "list")])
def test_a_broken_file_is_one_line_in_every_command(blurbench: Command, tmp_path: Path, command: tuple[str]) -> None:
    (tmp_path / "broken.py").write_text("import nothing_like_it\n")
    result = blurbench(*command, "--plugins", "broken.py")
    assert result.returncode == 1
    assert result.stderr.startswith("blurbench: broken.py, line 1, cannot be imported: ModuleNotFoundError")
    assert result.stderr.count("\n") == 1


def test_a_script_names_files_in_python(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "['none', 'square-mean'] 5\n"
