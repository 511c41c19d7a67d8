"""Plugins in a Python file of one's own: found without packaging, known by their content, refused in one line."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from blurbench.errors import BlurbenchError, PluginError
from blurbench.registry import config, discovery
from blurbench.registry.discovery import discover, files_in_use, use
from blurbench.registry.plugin_files import PluginFile

pytestmark = pytest.mark.usefixtures("plugins_of_before")

HEAD = """
from abc import abstractmethod
from dataclasses import dataclass
from blurbench import hookimpl
from blurbench.contract import Blur, DensePsf, Restorer

"""

MINE = (
    HEAD
    + """
class Base(Blur):
    @abstractmethod
    def side(self): ...

    def psf(self, draws):
        import torch

        side = self.side()
        return DensePsf(torch.full((len(draws.ids), side, side), 1 / side**2, dtype=torch.float64))


@dataclass(frozen=True)
class SquareMean(Base):
    times: int = 1
    family = "square-mean"

    def side(self):
        return 2 * self.times + 1


@dataclass(frozen=True)
class Unchanged(Restorer):
    trainable = False

    def restore(self, images, module):
        return images
"""
)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    return path


def added() -> set[tuple[str, str]]:
    installed = {(kind, name) for kind, known in discovery._installed().entries.items() for name in known}
    return {(kind, name) for kind, known in discover().entries.items() for name in known} - installed


def test_every_plugin_class_that_a_file_defines_is_known_under_its_name_in_lower_case_words(mine: Path) -> None:
    use([mine])
    assert added() == {("blurs", "square-mean"), ("restorers", "unchanged")}
    assert discover().resolve("blurs", "square-mean[times=2]").side() == 5
    entry = discover().get("blurs", "square-mean")
    assert (entry.package, entry.version) == ("mine.py", f"sha256 {PluginFile.at(mine).digest[:12]}")


def test_a_file_with_hooks_registers_what_they_name_and_nothing_else(mine: Path) -> None:
    mine.write_text(MINE + '\n@hookimpl\ndef register_blurs(register):\n    register("mean-of-mine", SquareMean)\n')
    use([mine])
    assert added() == {("blurs", "mean-of-mine")}


def test_the_content_of_the_file_is_in_the_config_and_a_changed_file_gives_other_classes(mine: Path) -> None:
    use([mine])
    old, before = discover(), discover().resolve("blurs", "square-mean")
    assert config(old, before)["source"] == PluginFile.at(mine).digest
    assert old.resolve("blurs", config(old, before)) == before
    mine.write_text(MINE.replace("2 * self.times + 1", "2 * self.times + 3"))
    use([mine])
    after = discover().resolve("blurs", "square-mean")
    assert (before.side(), after.side()) == (3, 5)
    assert config(discover(), after)["source"] != config(old, before)["source"]  # and the old registry is as it was
    assert len(files_in_use()) == 1
    assert "source" not in config(discover(), discover().resolve("blurs", "gaussian[sigma=1]"))


def test_what_is_inside_another_plugin_is_from_the_file_too(mine: Path) -> None:
    use([mine])
    registry = discover()
    strategy = registry.resolve("strategies", "deblur-then-classify[restorer=unchanged]")
    chain = registry.resolve("blurs", "chain[steps=[gaussian[sigma=1], square-mean]]")
    assert registry.files_behind(strategy) == registry.files_behind(chain) == ["mine.py"]
    assert registry.files_behind(registry.resolve("blurs", "gaussian[sigma=1]")) == []


def test_an_object_is_the_same_in_every_process_that_has_loaded_the_file(mine: Path) -> None:
    use([mine])
    blur = discover().resolve("blurs", "square-mean[times=3]")
    assert pickle.loads(pickle.dumps(blur)) == blur
    changed = PluginFile(mine, "0" * 64)  # what a worker is told when the file is another by then
    with pytest.raises(PluginError, match=r"mine\.py was changed while it was in use; run the same command again"):
        changed.load()


def test_the_environment_names_files_too(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLURBENCH_PLUGINS", str(mine))
    monkeypatch.setattr(discovery, "_in_use", None)
    assert ("blurs", "square-mean") in added()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("def f(:\n", "mine.py cannot be imported: SyntaxError: invalid syntax (mine.py, line 1)"),
        ("x = 1\ny = z\n", "mine.py, line 2, cannot be imported: NameError: name 'z' is not defined"),
        ("import sys\nsys.exit('no')\n", "mine.py, line 2, cannot be imported: SystemExit: no"),
        ("x = 1\n", "mine.py holds no plugin: no class derived from one of blurbench.contract"),
        (MINE.replace("@dataclass(frozen=True)", "@dataclass"), "it must be decorated with @dataclass(frozen=True)"),
        (MINE.replace("SquareMean", "Gaussian"), "blurs 'gaussian' from mine.py sha256 "),
        (HEAD + "@hookimpl\ndef register_blur(register): ...\n", "unknown hook 'register_blur'; did you mean"),
        (HEAD + "@hookimpl\ndef register_blurs(register):\n    1 / 0\n", "register_blurs failed: ZeroDivisionError"),
    ],
)
def test_a_broken_file_is_one_line_and_leaves_things_as_they_were(mine: Path, content: str, says: str) -> None:
    mine.write_text(content)
    with pytest.raises(BlurbenchError) as caught:
        use([mine])
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not added()
    with pytest.raises(BlurbenchError):
        use([mine])  # it is as broken when it is asked for again


@pytest.mark.parametrize(("name", "says"), [("none.py", "No such file"), ("mine.txt", "whose name ends in .py")])
def test_what_is_no_python_file_is_refused(tmp_path: Path, name: str, says: str) -> None:
    with pytest.raises(BlurbenchError, match=says):
        use([tmp_path / name])
