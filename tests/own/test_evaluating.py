"""A network of one's own, measured as it is."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.utils.data import TensorDataset

import blurbench as bb
from blurbench.errors import UsageError
from tests.own.digits import TEST, digits, network

BLURS = ("gaussian[sigma=2]", "linear-motion[length=7]")


def to_test() -> tuple[Tensor, Tensor]:
    """The test digits, as a researcher has them."""
    images, labels = digits()
    return torch.from_numpy(images[:TEST]).float() / 255, torch.from_numpy(labels[:TEST])


def right(net: nn.Module, images: Tensor) -> float:
    with torch.inference_mode():
        return float((net.eval()(images).argmax(1) == to_test()[1]).float().mean())


def top1(run: bb.Run, strategy: str = "plain") -> dict[str, float]:
    rows = run.results().query(f"strategy == {strategy!r}")
    return dict(zip(rows.test_blur, rows.top1, strict=True))


def keys(run: bb.Run) -> set[str]:
    return set(run.results().key)


@pytest.fixture(scope="module")
def run() -> bb.Run:
    strategies = ["bn-adapt", "tent", "deblur-then-classify[restorer=wiener]", "blur-augment"]
    return bb.evaluate(network(), to_test(), blurs=BLURS, strategies=strategies)


# --- figures -------------------------------------------------------------------------------------------------------


def test_plain_is_the_network_itself_under_each_blur(run: bb.Run) -> None:
    found = top1(run)
    assert set(found) == {"none", *BLURS}
    assert found["none"] == pytest.approx(right(network(), to_test()[0]))
    assert found["none"] > 0.8
    for blur in BLURS:
        assert found[blur] == pytest.approx(right(network(), bb.blur(to_test()[0], blur)))
    assert found[BLURS[0]] < found["none"] - 0.05


def test_a_told_deconvolver_and_adaptation_work_on_it_without_training_images(run: bb.Run) -> None:
    told = top1(run, "deblur-then-classify[restorer=wiener]")
    for blur in BLURS:
        assert told[blur] > top1(run)[blur]
        assert top1(run, "bn-adapt")[blur] != top1(run)[blur]
    assert set(run.results().query("strategy == 'tent'").status) == {"ok"}
    facts = run.results().set_index("strategy")
    assert (facts.loc["deblur-then-classify[restorer=wiener]", "knows"] == "true PSF").all()
    assert (facts.loc["plain", "fit_images_seen"] == 0).all()


def test_a_remedy_that_has_to_be_fitted_says_so_in_its_rows(run: bb.Run) -> None:
    rows = run.results().query("strategy == 'blur-augment'")
    assert set(rows.status) == {"skipped"}
    assert rows.reason.str.contains("no training images").all()


def test_images_board_and_predictor_work_as_those_of_any_run(run: bb.Run) -> None:
    images = run.images(strategy="plain", test_blur="none")
    assert images.label.tolist() == to_test()[1].tolist()
    assert (images.label == images.predicted).mean() == pytest.approx(top1(run)["none"])
    assert "Sequential as it is" in run.board().to_markdown()
    assert "<table" in run._repr_html_()
    with torch.inference_mode():
        wanted = network().eval()(to_test()[0])
    torch.testing.assert_close(run.predictor(strategy="plain")(to_test()[0]), wanted, atol=1e-5, rtol=1e-5)


def test_standardising_and_small_batches_are_the_evaluations_and_change_no_result(tmp_path: Path) -> None:
    class Standardised(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.most = network(), 0

        def forward(self, images: Tensor) -> Tensor:
            assert len(images) <= 50
            logits: Tensor = self.inner(images * 0.25 + 0.5)
            return logits

    standardised = bb.evaluate(Standardised(), to_test(), blurs=BLURS[0], mean=0.5, deviation=[0.25], batch=50)
    assert top1(standardised) == pytest.approx(top1(bb.evaluate(network(), to_test(), blurs=BLURS[0])))


def test_what_adapts_looks_at_its_own_batches_however_few_images_are_asked_about_at_once() -> None:
    few, many = (bb.evaluate(network(), to_test(), blurs=BLURS[0], strategies="bn-adapt", batch=n) for n in (20, 256))
    assert top1(few, "bn-adapt") == top1(many, "bn-adapt")
    assert top1(few, "bn-adapt") != top1(few)


# --- models --------------------------------------------------------------------------------------------------------


def test_a_function_and_a_checkpoint_give_what_the_module_gives(tmp_path: Path) -> None:
    net = network().eval()
    given = top1(bb.evaluate(net, to_test(), blurs=BLURS[0]))
    asked = bb.evaluate(lambda images: net(images).detach().numpy(), to_test(), blurs=BLURS[0], name="mine")
    assert top1(asked) == given
    assert set(asked.results().classifier) == {"mine"}
    code = "from torch import nn\ndef build(n):\n    "
    (tmp_path / "nets.py").write_text(
        code + "return nn.Sequential(nn.Conv2d(3, 1, 1), nn.BatchNorm2d(1), nn.Flatten(), nn.Linear(256, n))\n"
    )
    grey = {"0.weight": torch.full((1, 3, 1, 1), 1 / 3), "0.bias": torch.zeros(1)}
    state = net.state_dict().items()
    save_file({**grey, **{f"{int(name[0]) + 1}{name[1:]}": value for name, value in state}}, tmp_path / "w.safetensors")
    named = f"checkpoint[network='{tmp_path}/nets.py:build', weights={tmp_path}/w.safetensors, mean=[0,0,0], "
    loaded = bb.evaluate(named + "deviation=[1,1,1]]", to_test(), blurs=BLURS[0])
    assert top1(loaded) == pytest.approx(given)


OWN = """
from dataclasses import dataclass
from blurbench.contract import Classifier

@dataclass(frozen=True)
class Digits(Classifier):
    def has_weights(self, classes):
        return classes == 10

    def build(self, shape, classes):
        from tests.own.digits import network
        return network()
"""


def test_weights_that_come_with_a_classifier_are_not_fitted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("blurbench.registry.discovery._in_use", {})
    (tmp_path / "mine.py").write_text(OWN)
    run = bb.evaluate("digits", to_test(), blurs=BLURS[0], plugins=[tmp_path / "mine.py"])
    assert top1(run) == pytest.approx(top1(bb.evaluate(network(), to_test(), blurs=BLURS[0])))
    with pytest.raises(UsageError, match="digits has no weights for 12 classes"):
        bb.evaluate("digits", to_test(), class_names=range(12))


def test_the_callers_network_is_left_as_it_was() -> None:
    net = network()
    net[0].eval()
    net[2].weight.requires_grad_(False)
    before = {name: (value.clone(), value.requires_grad) for name, value in net.state_dict(keep_vars=True).items()}
    bb.evaluate(net, to_test(), blurs=BLURS[0], strategies=["bn-adapt", "tent"])
    assert (net.training, net[0].training, net[2].training) == (True, False, True)
    for name, value in net.state_dict(keep_vars=True).items():
        assert torch.equal(value, before[name][0])
        assert value.requires_grad == before[name][1]
    assert not net[0]._forward_pre_hooks


def test_the_process_is_left_as_it_was() -> None:
    net, deterministic = network(), torch.are_deterministic_algorithms_enabled()
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    wanted = random.random(), float(np.random.rand()), float(torch.rand(1))
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    with torch.no_grad():
        tented = bb.evaluate(net, to_test(), blurs=BLURS[0], strategies="tent", threads=1)
        assert not torch.is_grad_enabled()
    assert set(tented.results().status) == {"ok"}
    assert wanted == (random.random(), float(np.random.rand()), float(torch.rand(1)))
    assert torch.are_deterministic_algorithms_enabled() == deterministic


# --- keys ----------------------------------------------------------------------------------------------------------


def test_the_same_network_is_not_measured_twice_and_a_changed_one_is_anew(tmp_path: Path) -> None:
    asked = []

    class Counted(nn.Sequential):
        def forward(self, images: Tensor) -> Tensor:
            asked.append(len(images))
            logits: Tensor = super().forward(images)
            return logits

    def counted(net: nn.Module, data: Any = None) -> bb.Run:
        asked.clear()
        return bb.evaluate(Counted(net), data or to_test(), blurs=BLURS[0], out=tmp_path)

    first = counted(network())
    assert sum(asked) > TEST
    assert keys(counted(network())) == keys(first)
    assert sum(asked) == 2  # to see how many classes there are
    changed = network()
    with torch.no_grad():
        changed[2].bias[3] += 1e-3
    assert not keys(counted(changed)) & keys(first)
    images, labels = to_test()
    images[5, 0, 3, 3] = 1 - images[5, 0, 3, 3]
    assert not keys(counted(network(), (images, labels))) & keys(first)
    assert top1(first) == top1(bb.evaluate(network(), to_test(), blurs=BLURS[0]))  # its own board is as it was


def test_what_cannot_be_compared_is_measured_anew_unless_it_has_a_version(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    net, generator = network().eval(), torch.Generator()

    def noisy(images: Tensor) -> Tensor:
        logits: Tensor = net(images)
        return logits + 1e-3 * torch.rand(logits.shape, generator=generator)

    first = bb.evaluate(noisy, to_test(), out=tmp_path)
    assert "noisy holds what cannot be compared, so it is measured anew each time" in caplog.text
    assert not keys(bb.evaluate(noisy, to_test(), out=tmp_path)) & keys(first)
    one = bb.evaluate(noisy, to_test(), out=tmp_path, version="1")
    assert keys(bb.evaluate(noisy, to_test(), out=tmp_path, version="1")) == keys(one)
    assert keys(bb.evaluate(noisy, to_test(), out=tmp_path, version="2")) != keys(one)


# --- data ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        lambda images, labels: (images.numpy(), labels.numpy()),
        lambda images, labels: ((images * 255).round().byte(), labels.int()),
        lambda images, labels: TensorDataset(images, labels),
        lambda images, labels: [
            (Image.fromarray(np.uint8(image[0] * 255 + 0.5)), int(label))
            for image, label in zip(images.numpy(), labels, strict=True)
        ],
    ],
    ids=["arrays", "bytes", "torch data set", "pairs with Pillow's images"],
)
def test_images_are_the_same_however_they_are_given(data: Callable[..., Any], tmp_path: Path) -> None:
    run = bb.evaluate(network(), data(*to_test()))
    assert keys(run) == keys(bb.evaluate(network(), to_test()))


def folder_of_digits(place: Path, names: tuple[str, ...]) -> Path:
    """The first test digits, one folder a class."""
    images, labels = digits()
    for number in range(TEST):
        folder = place / names[labels[number]]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(images[number, 0]).save(folder / f"{number}.png")
    return place


NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def grey(images: Tensor) -> Tensor:
    logits: Tensor = network().eval()(images.mean(1, keepdim=True))
    return logits


def test_a_folders_classes_are_found_by_name_among_the_networks(tmp_path: Path) -> None:
    folder = folder_of_digits(tmp_path / "photos", NAMES)
    run = bb.evaluate(grey, folder, class_names=NAMES, side=16)
    assert set(run.results().dataset) == {"photos"}
    assert top1(run)["none"] == pytest.approx(right(network(), to_test()[0]))
    unnamed = bb.evaluate(grey, str(folder), side=16)  # eight, five, four: in another order
    assert top1(unnamed)["none"] < 0.3
    with pytest.raises(UsageError, match="class 'eight' is none of the network's 10 classes"):
        bb.evaluate(grey, folder, class_names=[*NAMES[:8], "acht", "nine"], side=16)


def test_a_folder_with_fewer_classes_than_the_network_is_refused(tmp_path: Path) -> None:
    folder = folder_of_digits(tmp_path / "photos", tuple(name[:1] for name in NAMES))  # six, seven
    with pytest.raises(UsageError, match=r"the network answers 10 classes and the data set has \d: give class_names="):
        bb.evaluate(grey, folder, side=16)


# --- one clear line ------------------------------------------------------------------------------------------------


class Broken(nn.Module):
    """Gives NaN for what is blurred: its darkest pixels are no longer black."""

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = network()(images)
        return torch.where((images.amax((1, 2, 3)) > 0.95)[:, None], torch.nan, logits)


def wide(images: Tensor) -> Any:
    return type("Answer", (), {"logits": network()(images)})()


@pytest.mark.parametrize(
    ("model", "data", "says"),
    [
        (
            network(),
            (to_test()[0], to_test()[1] + 3),
            r"label 12 \(image \d+\) is none of the network's classes, 0 to 9",
        ),
        (network(), (to_test()[0], to_test()[1][:5]), r"labels must be 120 whole numbers, one an image, not \(5,\)"),
        (network(), (to_test()[0][0], to_test()[1]), r"images must be \(N, C, H, W\), not \(1, 16, 16\)"),
        (network(), (to_test()[0] * 2 - 1, to_test()[1]), r"yours go from -1 to 1: give them as they are before"),
        (network(), (to_test()[0] * torch.nan, to_test()[1]), r"yours go from nan to nan"),
        (network(), 7, "data is of the type int: give a folder"),
        (network(), "no/such/folder", "data: there is no folder no/such/folder"),
        (network(), [(to_test()[0][0], 1), (to_test()[0][0, :, 2:], 1), (to_test()[0][0], 1)], "image 1 is"),
        (network(), [(to_test()[0][0], "cat")] * 3, r"labels must be 3 whole numbers, one an image, not \(3,\) of <U3"),
        (network(), [(to_test()[0][0], torch.eye(10)[1])] * 2, r"one an image, not \(2, 10\) of float32"),
        (network(), [1, 2, 3], "the data set gave no image and label at 0: TypeError"),
        (nn.Linear(3, 2), to_test(), r"the network does not take images \(2, 1, 16, 16\) in \[0, 1\]: RuntimeError"),
        (nn.Identity(), to_test(), r"gave a tensor of the shape \(2, 1, 16, 16\) for 2 images, wanted logits"),
        (lambda images: None, to_test(), r"the network gave None for 2 images"),
        (wide, to_test(), r"give lambda images: network\(images\)\.logits"),
        (Broken(), to_test(), "Broken could not be measured: the predictor gave NaN or infinity"),
        (3, to_test(), "model is of the type int: give a torch.nn.Module"),
        ("cnn3", to_test(), "cnn3 has no weights for 10 classes, and evaluate fits nothing"),
        ("cnn33", to_test(), "unknown classifier 'cnn33'"),
    ],
)
def test_what_cannot_be_measured_is_said_in_one_line(model: Any, data: Any, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        bb.evaluate(model, data)
    assert "\n" not in str(caught.value)
