"""The whole contract between blurbench and a plugin package.

A package names a module under the entry point group `blurbench`; the module implements one or more of these hooks with
`@blurbench.hookimpl` and calls `register(name, cls)` for each plugin. `cls` is a frozen dataclass derived from the
class named below (see `blurbench.contract`); its fields become the plugin's parameters. A suite is registered as the
path of its TOML file.
"""

from collections.abc import Callable
from pathlib import Path

import pluggy

from blurbench.contract.blur import Blur
from blurbench.contract.classifier import Classifier
from blurbench.contract.dataset import Dataset
from blurbench.contract.estimator import Estimator
from blurbench.contract.metric import Metric
from blurbench.contract.paper import Paper
from blurbench.contract.restorer import Deconvolver, Restorer
from blurbench.contract.strategy import Strategy

hookspec = pluggy.HookspecMarker("blurbench")


@hookspec
def register_blurs(register: Callable[[str, type[Blur]], None]) -> None:
    """Add blurs and other degradations: `register("gaussian", Gaussian)`."""


@hookspec
def register_restorers(register: Callable[[str, type[Restorer] | type[Deconvolver]], None]) -> None:
    """Add restorers (blind) and deconvolvers (told the PSF)."""


@hookspec
def register_classifiers(register: Callable[[str, type[Classifier]], None]) -> None:
    """Add classifiers."""


@hookspec
def register_strategies(register: Callable[[str, type[Strategy]], None]) -> None:
    """Add strategies, the remedies that are compared."""


@hookspec
def register_datasets(register: Callable[[str, type[Dataset]], None]) -> None:
    """Add data sets."""


@hookspec
def register_estimators(register: Callable[[str, type[Estimator]], None]) -> None:
    """Add estimators, which read the width of a Gaussian blur off an image."""


@hookspec
def register_metrics(register: Callable[[str, type[Metric]], None]) -> None:
    """Add metrics, which put a number on each test image of a cell beside whether its label was right."""


@hookspec
def register_papers(register: Callable[[str, type[Paper]], None]) -> None:
    """Add papers, whose printed figures `blurbench reproduce` sets beside measured ones."""


@hookspec
def register_suites(register: Callable[[str, Path], None]) -> None:
    """Add suites: `register("mnist-family", Path(__file__).with_name("mnist-family.toml"))`."""
