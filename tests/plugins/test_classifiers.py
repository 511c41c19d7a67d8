"""The classifiers `cnn3` and `vit`."""

import pytest
from blurbench_classifiers.vit import Vit
from blurbench_datasets.mnist_5k import Mnist5k

from blurbench.contract import Budget, Classifier
from blurbench.training import fit_classifier, seed_torch
from tests.plugins.classifiers.measured import MNIST, NARROW, accuracy, as_tensors


@pytest.mark.slow
@pytest.mark.parametrize(("classifier", "wanted"), [(NARROW, 0.95), (Vit(), 0.85)])
def test_the_quick_budget_suffices_for_mnist_5k(classifier: Classifier, wanted: float):
    parts = Mnist5k().load([])
    images, labels = as_tensors(parts.train)
    seed_torch(0, "weights")
    network = classifier.build(MNIST, 10)
    classifier.prepare(network, images)
    fit_classifier(network, lambda epoch: images, labels, classifier.recipe("train", Budget("quick")), 0)
    assert accuracy(network, *as_tensors(parts.test)) >= wanted
