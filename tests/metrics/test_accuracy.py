import numpy as np
import pytest
import torch

from blurbench.metrics.accuracy import brier_scores, calibration_error, confidence_of, log_losses, top_k

LOGITS = torch.tensor([[3.0, 1.0, 2.0], [0.0, 5.0, 4.0], [1.0, 1.0, 1.0]])


def test_the_label_must_be_among_the_k_greatest_logits():
    labels = torch.tensor([2, 0, 1])
    assert top_k(LOGITS, labels, 1).tolist() == [False, False, False]
    assert top_k(LOGITS, labels, 2).tolist() == [True, False, True]
    assert top_k(LOGITS, labels, 3).tolist() == [True, True, True]


def test_a_network_that_cannot_decide_earns_one_hit_over_all_classes():
    assert top_k(torch.zeros(3, 3), torch.arange(3), 1).tolist() == [True, False, False]


def test_the_first_hit_agrees_with_the_predicted_label():
    logits = torch.randint(0, 4, (200, 6), generator=torch.Generator().manual_seed(0)).float()
    labels = torch.arange(200) % 6
    predicted, _ = confidence_of(logits)
    assert torch.equal(top_k(logits, labels, 1), predicted == labels)


def test_confidence_is_the_softmax_of_the_predicted_label():
    predicted, confidence = confidence_of(LOGITS)
    assert predicted.tolist() == [0, 1, 0]
    expected = [1 / (1 + np.exp(-2) + np.exp(-1)), 1 / (1 + np.exp(-5) + np.exp(-1)), 1 / 3]
    assert confidence.tolist() == pytest.approx(expected)


def test_huge_logits_give_a_confidence_of_one():
    _, confidence = confidence_of(torch.tensor([[1e30, 0.0]]))
    assert confidence.tolist() == [1.0]


def test_the_softmax_is_taken_in_double_precision():
    _, confidence = confidence_of(torch.tensor([[20.0, 0.0]]))
    assert confidence.item() == pytest.approx(1 / (1 + np.exp(-20)), abs=1e-12)
    assert confidence.item() < 1


def test_calibration_error_weighs_each_bins_gap_by_its_images():
    # two images at 0.95 with one hit: gap 0.45; two at 0.55 with two hits: gap 0.45; half the images each
    error = calibration_error(np.array([0.95, 0.95, 0.55, 0.55]), np.array([True, False, True, True]))
    assert error == pytest.approx(0.45)


def test_a_bin_holds_its_upper_edge():
    confidence, correct = np.array([0.5, 0.9]), np.array([True, False])
    assert calibration_error(confidence, correct, bins=2) == pytest.approx(0.5 * 0.5 + 0.5 * 0.9)


def test_confidences_of_zero_and_one_fall_into_bins():
    assert calibration_error(np.array([0.0, 1.0]), np.array([False, True])) == 0.0


def test_there_are_fifteen_bins_unless_others_are_asked_for():
    # In each of 15 bins one hit and one miss, as far from its middle on either side: with others they are parted.
    bins = np.arange(15)
    confidence = np.concatenate([bins + 0.1, bins + 0.9]) / 15
    correct = np.repeat([True, False], 15)
    wanted = np.abs(0.5 - (bins + 0.5) / 15).mean()
    assert calibration_error(confidence, correct) == pytest.approx(wanted)
    assert all(calibration_error(confidence, correct, other) > wanted + 0.02 for other in (10, 14, 16, 20))


def test_log_loss_and_brier_score_are_those_of_the_whole_softmax():
    labels = torch.tensor([2, 0, 1])
    weights = np.exp(LOGITS.double().numpy())
    shares = weights / weights.sum(axis=1, keepdims=True)
    wanted = [((share - np.eye(3)[label]) ** 2).sum() for share, label in zip(shares, labels.tolist(), strict=True)]
    assert log_losses(LOGITS, labels).tolist() == pytest.approx([-np.log(shares[i, labels[i]]) for i in range(3)])
    assert brier_scores(LOGITS, labels).tolist() == pytest.approx(wanted)


def test_a_network_that_is_surely_wrong_has_a_finite_log_loss_and_a_brier_score_of_two():
    logits, labels = torch.tensor([[1e4, 0.0, 0.0]]), torch.tensor([2])
    assert log_losses(logits, labels).item() == pytest.approx(1e4)
    assert brier_scores(logits, labels).item() == pytest.approx(2)
