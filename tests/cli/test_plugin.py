"""`blurbench plugin check`: what is wrong with a plugin, and how to mend it."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Command

DARKER = '''
"""Two blurs of which one takes light away, in a module that imports torch."""

from dataclasses import dataclass

import torch

from blurbench import hookimpl
from blurbench.contract import Blur, DensePsf


@dataclass(frozen=True)
class Darker(Blur):
    """Half of a mean."""

    def psf(self, draws):
        return DensePsf(torch.full((len(draws), 3, 3), {light} / 9, dtype=torch.float64))


@hookimpl
def register_blurs(register):
    register("darker", Darker)
'''


def test_a_file_is_checked_and_its_findings_end_in_exit_code_1(blurbench: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(DARKER.format(light=0.5))
    result = blurbench("plugin", "check", "mine.py")
    assert result.returncode == 1
    assert "blur 'darker': " in result.stdout
    assert "  - the module mine imports torch when it is imported; import torch, and what" in result.stdout
    assert "gave a PSF whose weights sum to 0.5; each must sum to 1; " in result.stdout
    assert result.stdout.splitlines()[-1].startswith("1 plugin checked, ")


def test_a_file_without_faults_is_ok(blurbench: Command, tmp_path: Path) -> None:
    text = DARKER.format(light=1.0).replace("\nimport torch\n", "")
    (tmp_path / "mine.py").write_text(text.replace("        return", "        import torch\n\n        return"))
    result = blurbench("plugin", "check", "mine.py", "blurs:box[side=3]")
    assert result.stdout == "blur 'darker': ok\nblur 'box': ok\n2 plugins checked, no findings\n"
    assert result.returncode == 0


def test_a_file_that_is_in_use_already_is_checked_as_well(blurbench: Command, tmp_path: Path) -> None:
    text = DARKER.format(light=1.0).replace("\nimport torch\n", "")
    (tmp_path / "mine.py").write_text(text.replace("        return", "        import torch\n\n        return"))
    result = blurbench("plugin", "check", "mine.py", "blurs:darker", "--plugins", "mine.py")
    assert result.stdout == "blur 'darker': ok\nblur 'darker': ok\n2 plugins checked, no findings\n", result.stderr


def test_what_could_not_be_checked_is_said(blurbench: Command) -> None:
    result = blurbench("plugin", "check", "datasets:imagefolder", "classifiers:torchvision", BLURBENCH_DATA="")
    assert result.returncode == 0
    assert "dataset 'imagefolder': ok, as far as it was checked\n" in result.stdout
    assert "  not checked: its files: imagefolder: images is not in any data folder; give the folder" in result.stdout
    assert "no value is known for 'model' of Torchvision: name it, as in kind:name[model=...]" in result.stdout


def test_a_package_that_does_not_load_is_a_finding(blurbench: Command, trouble: Path) -> None:
    result = blurbench("plugin", "check", "blurbench-trouble", PYTHONPATH=str(trouble))
    assert result.returncode == 1
    assert "problem: plugin 'trouble" in result.stdout


def test_what_is_no_plugin_is_refused_in_a_line(blurbench: Command, tmp_path: Path) -> None:
    (tmp_path / "empty.py").write_text("")
    empty = blurbench("plugin", "check", "empty.py")
    assert empty.returncode == 1
    assert empty.stderr == ("blurbench: empty.py holds no plugin: no class derived from one of blurbench.contract\n")
    unknown = blurbench("plugin", "check", "blurbench-bux")
    assert unknown.returncode == 2
    assert unknown.stderr == (
        "blurbench: unknown package, module, file or kind:name 'blurbench-bux'; did you mean 'blurbench'?\n"
    )
    assert blurbench("plugin", "check", "blurs:gausian").stderr == (
        "blurbench: unknown blur 'gausian'; did you mean 'gaussian'?\n"
    )
