"""The framework knows no plugin: not by import, which the linter sees, and not by name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from blurbench.registry import Registry

CORE = Path(__file__).parents[2] / "blurbench"

WORDS = {
    "api.py": {"mnist-family", "spectral"},  # the default suite and estimator, as on the command line
    "training/optimisation.py": {"constant"},
    "imaging/convolution.py": {"constant"},  # how torch pads
    "imaging/fourier.py": {"wiener"},  # a function of that name
    "store/provenance.py": {"timm", "torchvision"},  # packages
    "cli/ls.py": {"none"},  # no value
    "cli/diagnose.py": {"diagnosis", "spectral"},  # defaults of options
    "cli/predict.py": {"pictures"},  # a key of its own JSON
    "cli/probe.py": {"pictures", "spectral"},  # a key of its own JSON; the default of an option
    "cli/options.py": {"mnist-family"},  # the default of --suite
    "matrix/suite.py": {"plain"},  # the default baseline
    "measurements/accuracy/result.py": {"none"},  # no value
    "measurements/blur_estimation/result.py": {"pictures"},  # a field
    "matrix/axes.py": {"none"},  # what the sharp test images are called on boards
    "board/estimator_comparison.py": {"pictures"},
    "board/match_blur.py": {"none"},
    "board/outcomes.py": {"pictures"},
    "board/render/drawing.py": {"plain"},
    "board/render/estimators.py": {"pictures"},
    "board/render/severity_tables.py": {"none"},
    "contract/budget.py": {"constant", "none"},
    "contract/plugin.py": {"identity"},
    "running/probe_summary.py": {"pictures"},
    "submissions/label_schema.py": {"none"},  # no value
    "own/sigma_picture.py": {"pictures"},  # of an axis
    "own/evaluating.py": {"as-it-is"},  # the name of a budget
    "own/diagnosis.py": {"pictures"},  # a key of its own JSON
    "testing/samples.py": {"gaussian", "pictures"},
    "training/augmentation.py": {"none"},
    "training/classifiers.py": {"none"},
}
"""Names of plugins that stand in the framework as words of another meaning, or as what is still to be mended."""


def texts(path: Path) -> Iterator[str]:
    """String literals that are no docstring, without the parameters of an expression."""
    tree = ast.parse(path.read_text())
    notes = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in notes:
            yield node.value.partition("[")[0]


def test_no_plugin_is_named_in_the_framework(registry: Registry) -> None:
    names = {name for entries in registry.entries.values() for name in entries}
    for path in sorted(CORE.rglob("*.py")):
        place = path.relative_to(CORE).as_posix()
        assert not names & set(texts(path)) - WORDS.get(place, set()), place
