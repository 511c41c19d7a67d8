"""Compiling on first use: into a folder of one's own, once, and never in anyone's way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from blurbench.imaging import native

pytestmark = pytest.mark.skipif(native._compiler() is None, reason="no C compiler")


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this test's libraries go."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("BLURBENCH_NATIVE", raising=False)
    native._load.cache_clear()
    yield tmp_path / "blurbench" / "native"
    native._load.cache_clear()


def test_a_library_is_compiled_once_into_the_users_cache(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert native.library("convolution") is not None
    assert native.status().startswith("compiled with /")
    made = [path for path in fresh.iterdir() if path.suffix == ".so"]
    assert len(made) == 1
    assert not [path for path in fresh.iterdir() if path.is_dir()]  # nothing half done is left
    native._load.cache_clear()
    monkeypatch.setattr(native, "_compile", lambda *_: pytest.fail("compiled again"))
    assert native.library("convolution") is not None


def test_it_can_be_switched_off(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLURBENCH_NATIVE", "0")
    assert native.library("convolution") is None
    assert native.status() == "not used: BLURBENCH_NATIVE=0"
    assert not fresh.exists()


def test_without_a_compiler_there_is_silently_none(
    fresh: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(fresh))
    monkeypatch.delenv("CC", raising=False)
    assert native.library("convolution") is None
    assert native.status() == "not used: no C compiler (cc, gcc or clang) was found"
    assert capfd.readouterr() == ("", "")


def test_a_compiler_that_fails_is_silently_none(
    fresh: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "blurbench")
    broken = tmp_path / "broken-cc"
    broken.write_text("#!/bin/sh\necho no such flag >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("CC", str(broken))
    assert native.library("convolution") is None
    assert native.status() == f"not used: {broken} failed: no such flag"
    assert caplog.messages == [f"compiled code is not used, torch takes its place: {broken} failed: no such flag"]
    assert not list(fresh.glob("*.so"))
    assert capfd.readouterr() == ("", "")


def test_a_folder_that_others_can_write_to_is_not_trusted(fresh: Path) -> None:
    fresh.mkdir(parents=True)
    fresh.chmod(0o777)
    assert native.library("convolution") is None
    assert "other users could write to" in native.status()


def test_a_cache_that_cannot_be_written_is_silently_none(fresh: Path) -> None:
    fresh.parent.mkdir(parents=True)
    fresh.write_text("a file in the way")
    assert native.library("convolution") is None


def test_another_source_or_processor_is_another_library(monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = native._compiler()
    assert compiler is not None
    key = native._key("convolution", compiler)
    assert key == native._key("convolution", compiler) != native._key("varying", compiler)
    monkeypatch.setattr(native, "_processor", lambda: "another")
    assert native._key("convolution", compiler) != key


def test_workers_that_start_together_compile_once_and_all_get_it(fresh: Path) -> None:
    count = "import blurbench.imaging.native as n; c = n._compile; n._compile = lambda *a: (print('compiled'), c(*a)); "
    code = count + "assert n.library('convolution') is not None"
    workers = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    said = [worker.communicate(timeout=120)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * 4
    assert "".join(said).split() == ["compiled"]


def test_importing_the_package_of_the_mathematics_imports_no_torch() -> None:
    code = (
        "import sys, blurbench.imaging; assert 'torch' not in sys.modules; "
        "blurbench.imaging.convolve; assert 'torch' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
