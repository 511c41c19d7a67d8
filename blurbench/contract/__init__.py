"""The contract of each plugin kind: derive a frozen dataclass from one of these classes and register it.

The fields of the dataclass are its parameters. Class variables describe the plugin. What a method is given is all that
it may know: a `Restorer` never sees the PSF, nothing that fits ever sees a test image. Importing the contract (or a
built-in plugin) does not import torch: import it inside the methods that compute.

One file a kind (`blur`, `restorer`, `classifier`, `strategy`, `estimator`, `dataset`, `metric`, `paper`); `hooks` is
how they are registered; `blurbench/guide.md`, in a checkout plugins/README.md, is the guide. Everything that a plugin
needs by name is here.
"""

from blurbench.contract.blur import Blur
from blurbench.contract.budget import Budget, Recipe
from blurbench.contract.classifier import Classifier, PatchClassifier
from blurbench.contract.dataset import Dataset
from blurbench.contract.estimator import Estimator, EstimatorJob
from blurbench.contract.images import Labelled, Output, Split, Splits
from blurbench.contract.metric import Answered, Metric
from blurbench.contract.paper import Paper
from blurbench.contract.plugin import Control, Knows, Plugin
from blurbench.contract.references import Ref
from blurbench.contract.restorer import AnyRestorer, Deconvolver, Restorer, RestorerJob
from blurbench.contract.strategy import (
    EstimatorNeed,
    FitJob,
    Fitted,
    ModulePredictor,
    Need,
    Predictor,
    PredictorNeed,
    RestorerNeed,
    Restoring,
    Setting,
    Strategy,
)
from blurbench.imaging.values import (
    Degraded,
    DensePsf,
    DiscPsf,
    GaussianPsf,
    ImageSet,
    Padding,
    Psf,
    Shape,
    SigmaMap,
    TapsPsf,
)
from blurbench.parameters import (
    Choice,
    Count,
    Degrees,
    Fraction,
    Levels,
    Limits,
    Pixels,
    PositiveInt,
    Quantity,
    Range,
)

__all__ = [
    "Answered",
    "AnyRestorer",
    "Blur",
    "Budget",
    "Choice",
    "Classifier",
    "Control",
    "Count",
    "Dataset",
    "Deconvolver",
    "Degraded",
    "Degrees",
    "DensePsf",
    "DiscPsf",
    "Estimator",
    "EstimatorJob",
    "EstimatorNeed",
    "FitJob",
    "Fitted",
    "Fraction",
    "GaussianPsf",
    "ImageSet",
    "Knows",
    "Labelled",
    "Levels",
    "Limits",
    "Metric",
    "ModulePredictor",
    "Need",
    "Output",
    "Padding",
    "Paper",
    "PatchClassifier",
    "Pixels",
    "Plugin",
    "PositiveInt",
    "Predictor",
    "PredictorNeed",
    "Psf",
    "Quantity",
    "Range",
    "Recipe",
    "Ref",
    "Restorer",
    "RestorerJob",
    "RestorerNeed",
    "Restoring",
    "Setting",
    "Shape",
    "SigmaMap",
    "Split",
    "Splits",
    "Strategy",
    "TapsPsf",
]
