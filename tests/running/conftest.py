"""What tests of runs share: a run that notes what it puts in place."""

from __future__ import annotations

from pathlib import Path

import pytest

# Imported by every Python process of a run: notes each artifact and record that is put in place, and strikes once.
STRIKER = """
import errno, os, signal
from pathlib import Path

def strike(target):
    kind = next((kind for kind in ("artifacts", "records") if kind in Path(target).parts), None)
    if kind is None or Path(target).suffix not in ("", ".json"):
        return
    with open(os.environ["STRIKES"] + "/log", "a") as log:
        log.write(f"{Path(target).name}\\n")
    wanted, victim, when = (os.environ.get("STRIKE") or "never never never").split()
    if kind != wanted:
        return
    try:
        os.close(os.open(os.environ["STRIKES"] + "/struck", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    if victim == "disk":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))
    if victim == "run":
        os.kill(os.getppid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)

def watched(original):
    def call(source, target, *rest, **named):
        when = (os.environ.get("STRIKE") or "x x before").split()[2]
        if when == "before":
            strike(target)
        original(source, target, *rest, **named)
        if when == "after":
            strike(target)
    return call

os.rename, os.replace = watched(os.rename), watched(os.replace)
"""


@pytest.fixture
def striker(tmp_path: Path) -> dict[str, str]:
    """The environment in which a run notes what it puts in place."""
    folder = tmp_path / "striker"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(STRIKER)
    return {"PYTHONPATH": str(folder), "STRIKES": str(folder)}
