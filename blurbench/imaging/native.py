"""C that is compiled where it runs: on first use, for this very processor, into the user's cache.

Nothing is built at installation. Without a compiler, or with BLURBENCH_NATIVE=0 in the environment, there is no library
and callers take their path in torch, which gives the same values up to rounding.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import logging
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

from filelock import FileLock

__all__ = ["library", "status", "wanted"]

_SOURCES = Path(__file__).with_name("c")
_LOG = logging.getLogger(__name__)
_SWITCH = "BLURBENCH_NATIVE"
_FLAGS = (
    "-O3",
    "-march=native",
    "-std=gnu11",
    "-fPIC",
    "-shared",
    "-pthread",
)  # no -ffast-math: results are to be exact
_SECONDS = 120


class _Absent(Exception):
    """Why there is no library, in one line."""


def wanted() -> bool:
    """Whether anything but torch may be used, on a GPU too."""
    return os.environ.get(_SWITCH) != "0"


def library(name: str) -> ctypes.CDLL | None:
    """The compiled `c/<name>.c`, or None. The first call on a machine takes a second or two; callers say the types."""
    if not wanted():
        return None
    loaded = _load(name)
    return None if isinstance(loaded, str) else loaded


def status(name: str = "convolution") -> str:
    """Whether compiled code is used, and if not why: one line for people."""
    if not wanted():
        return f"not used: {_SWITCH}=0"
    loaded = _load(name)
    return f"not used: {loaded}" if isinstance(loaded, str) else f"compiled with {_compiler()}"


@functools.cache
def _load(name: str) -> ctypes.CDLL | str:
    try:
        return ctypes.CDLL(str(_compiled(name)))
    except (OSError, _Absent, subprocess.SubprocessError) as problem:
        reason = " ".join(str(problem).split())
        _LOG.info("compiled code is not used, torch takes its place: %s", reason)
        return reason


def _compiled(name: str) -> Path:
    """The path of the library, made where it is not there yet. Raises what `_load` catches."""
    compiler = _compiler()
    if compiler is None:
        raise _Absent("no C compiler (cc, gcc or clang) was found")
    folder = _folder()
    path = folder / f"{name}-{_key(name, compiler)}.so"
    if not path.exists():
        with FileLock(f"{path}.lock"):
            if not path.exists():
                _compile(compiler, _SOURCES / f"{name}.c", path)
    return path


def _compiler() -> Path | None:
    for command in (os.environ.get("CC", ""), "cc", "gcc", "clang"):
        if command and (found := shutil.which(command)):
            return Path(found).resolve()
    return None


def _folder() -> Path:
    """The user's own folder for libraries. One that others could write to is not used: code is loaded from it."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    folder = Path(cache) / "blurbench" / "native"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    owner = folder.stat()
    if hasattr(os, "getuid") and (owner.st_uid != os.getuid() or owner.st_mode & 0o022):
        raise _Absent(f"other users could write to {folder}")
    return folder


def _key(name: str, compiler: Path) -> str:
    """Of all that the machine code depends on: the sources, the compiler, the flags, the processor."""
    digest = hashlib.blake2b(digest_size=12)
    for source in (*sorted(_SOURCES.glob("*.h")), _SOURCES / f"{name}.c"):
        digest.update(source.read_bytes())
    made = compiler.stat()
    digest.update(repr((str(compiler), made.st_size, made.st_mtime_ns, _FLAGS, _processor())).encode())
    return digest.hexdigest()


def _processor() -> str:
    """What `-march=native` goes by."""
    named = ("flags", "Features", "model", "cpu family", "CPU part", "CPU implementer")
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    told = {line for line in lines if line.split("\t")[0].split(":")[0].strip() in named}
    return "\n".join([platform.machine(), platform.processor(), *sorted(told)])


def _compile(compiler: Path, source: Path, path: Path) -> None:
    """Into a folder beside `path`, then renamed: nobody ever loads half a library."""
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        made = Path(scratch) / path.name
        command = [str(compiler), *_FLAGS, str(source), "-o", str(made), "-lm"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
        if done.returncode:
            raise _Absent(f"{compiler} failed: {done.stderr.strip()[-300:] or done.returncode}")
        made.replace(path)
