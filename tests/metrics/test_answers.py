"""What answers say beyond top-1."""

from __future__ import annotations

import numpy as np
import pytest

from blurbench.metrics.answers import accuracy_by_class, churn, selective_accuracy


def test_accuracy_is_taken_class_by_class_over_all_seeds() -> None:
    labels = np.array([7, 7, 7, 2])
    correct = np.array([[True, True, False, False], [True, False, False, True]])

    assert accuracy_by_class(labels, correct) == {2: (1, 0.5), 7: (3, pytest.approx(0.5))}


def test_churn_counts_other_answers_right_or_wrong() -> None:
    assert churn(np.array([[1, 2, 3, 4]]), np.array([[1, 5, 6, 4]])) == 0.5


def test_selective_accuracy_is_over_what_the_predictor_is_surest_of() -> None:
    confidence, correct = np.array([0.2, 0.9, 0.5, 0.8]), np.array([False, True, False, True])

    assert selective_accuracy(confidence, correct) == 1.0
    assert selective_accuracy(confidence, correct, 0.75) == pytest.approx(2 / 3)
    assert selective_accuracy(confidence, correct, 1.0) == 0.5
    assert selective_accuracy(np.array([0.4]), np.array([True]), 0.1) == 1.0


def test_of_equally_sure_answers_the_first_count() -> None:
    assert selective_accuracy(np.full(4, 0.5), np.array([True, False, True, True])) == 0.5
