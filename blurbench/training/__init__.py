"""Fitting networks and asking them: one loop for classifiers and restorers. Plugins import from here only."""

from blurbench.training.augmentation import augmented
from blurbench.training.classifiers import fit_classifier, fit_from_scratch, recipe_for
from blurbench.training.forward import CHUNK, batchwise, forward
from blurbench.training.loop import minimise
from blurbench.training.restorers import Augment, fit_restorer
from blurbench.training.seeding import derived_seed, seed_torch

__all__ = [
    "CHUNK",
    "Augment",
    "augmented",
    "batchwise",
    "derived_seed",
    "fit_classifier",
    "fit_from_scratch",
    "fit_restorer",
    "forward",
    "minimise",
    "recipe_for",
    "seed_torch",
]
