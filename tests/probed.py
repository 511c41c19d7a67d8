"""`blurbench probe` in this process, and pictures for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from typer.testing import CliRunner

from blurbench.cli.app import app


def soft(picture: NDArray[Any], sigma: float) -> NDArray[np.uint8]:
    blurred = gaussian_filter(picture.astype(float), (sigma, sigma, 0)[: picture.ndim], mode="mirror")
    return np.uint8(np.round(blurred))


def ask(*arguments: object) -> dict[str, Any]:
    """The answer of `probe --json`."""
    result = CliRunner().invoke(app, ["probe", "--json", *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer | {"exit_code": result.exit_code}


def read(path: Path, *arguments: object) -> dict[str, Any]:
    (fact,) = ask(path, *arguments)["pictures"]
    return dict(fact)


def say(*arguments: object) -> str:
    """What the command prints."""
    result = CliRunner().invoke(app, ["probe", *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output
