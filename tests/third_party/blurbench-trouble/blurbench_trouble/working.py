"""Plugins that load well and misbehave when used."""

import os
import signal
import sys
import time
import warnings
from dataclasses import dataclass, field
from typing import Literal

from blurbench import hookimpl
from blurbench.contract import (
    Blur,
    Degraded,
    DensePsf,
    Estimator,
    Output,
    Predictor,
    PredictorNeed,
    Ref,
    Restorer,
    Strategy,
)
from blurbench.errors import Skip


@dataclass(frozen=True)
class Unruly(Blur):
    """A test blur that goes wrong."""

    how: Literal[
        *("raise", "shape", "not-finite", "kill", "hang", "print", "in-place", "in-place-numpy", "tensor", "none"),
        *("bytes", "numpy", "even", "bright", "listed", "noise"),
    ]
    family = "unruly"

    def degrade(self, images, draws):
        match self.how:
            case "in-place":
                images.mul_(0.5)
            case "in-place-numpy":
                pixels = images.numpy()
                pixels *= 0.5
            case "tensor":
                return images
            case "none":
                return None
            case "bytes":
                return Degraded(images * 255, None)
            case "numpy":
                return Degraded(images.numpy(), None)
            case "even":
                return Degraded(images, DensePsf(images.new_full((len(images), 2, 2), 0.25)))
            case "bright":
                return Degraded(images, DensePsf(images.new_full((len(images), 3, 3), 0.25)))
            case "listed":
                return Degraded(images, [1.0])
            case "noise":
                return Degraded(images, None, noise_std="some")
            case "raise":
                raise RuntimeError("the lens fell off")
            case "shape":
                return Degraded(images[:, :, 1:], None)
            case "not-finite":
                return Degraded(images * float("nan"), None)
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "hang":
                time.sleep(600)
        print("a word on stdout")
        return Degraded(images, None)


@dataclass(frozen=True)
class Fragile(Blur):
    """Cannot be made of 0 parts, and does not say so."""

    parts: int = 1
    family = "fragile"

    def __post_init__(self):
        object.__setattr__(self, "share", 1 / self.parts)


@dataclass(frozen=True)
class BadPsf(Blur):
    """A blur whose PSF is none."""

    how: Literal["tensor", "even", "dark", "few"]
    family = "bad-psf"

    def psf(self, draws):
        import torch

        match self.how:
            case "tensor":
                return torch.ones(len(draws.ids), 3, 3) / 9
            case "even":
                return DensePsf(torch.ones(len(draws.ids), 4, 4) / 16)
            case "dark":
                return DensePsf(torch.ones(len(draws.ids), 3, 3) / 18)
            case "few":
                return DensePsf(torch.ones(1, 3, 3) / 9)


@dataclass(frozen=True)
class WithOptions(Restorer):
    """Has a parameter that no key can be made of."""

    options: dict[str, float] = field(default_factory=lambda: {"rate": 1.0})
    knows = "nothing"

    def restore(self, images, module=None):
        return images


@dataclass(frozen=True)
class BadRestorer(Restorer):
    """Gives back no images."""

    how: Literal["tuple", "none", "shape", "build", "fit"]
    knows = "nothing"

    @property
    def trainable(self):
        return self.how in ("build", "fit")

    def build(self, shape):
        from torch import nn

        return {"build": "a network", "fit": nn.Conv2d(1, 1, 1)}.get(self.how)

    def fit(self, module, job):
        return [1.0, 0.5]

    def restore(self, images, module):
        return {"tuple": (images, None), "none": None, "shape": images[:, :, 1:]}[self.how]


@dataclass(frozen=True)
class BadEstimator(Estimator):
    """Reads no sigma."""

    how: Literal["raise", "not-finite", "column", "beyond", "none"]

    @property
    def limits(self):
        return (0.0, 3.0)

    def estimate(self, images, module=None):
        if self.how == "raise":
            raise RuntimeError("no light\nat \x1b[31mall")
        sigma = images.mean((1, 2, 3))
        return {"not-finite": sigma * float("nan"), "column": sigma[:, None], "beyond": sigma * 0 + 4.0}.get(self.how)


@dataclass(frozen=True)
class BadFit(Strategy):
    """Fitting or predicting goes wrong."""

    how: Literal[
        *("raise", "kill", "logits", "not-finite", "long-skip", "spoil", "build", "no-notes", "odd-notes"),
        *("no-predictor", "tensor", "observed", "restored"),
    ]

    def uses_train_blur(self):
        return False

    def build(self, setting):
        return 7 if self.how == "build" else super().build(setting)

    def fit(self, module, job):
        if self.how == "raise":
            raise RuntimeError("no gradient today")
        if self.how == "kill":
            os.kill(os.getpid(), signal.SIGSEGV)
        if self.how == "long-skip":
            raise Skip("no reason is too long\n" * 100)
        if self.how == "spoil":
            job.train.images.mul_(0.5)
        if self.how == "no-notes":
            return None
        return {"images_seen": "all of them"} if self.how == "odd-notes" else {}

    def predictor(self, setting, own, inputs):
        return None if self.how == "no-predictor" else BadPredictor(self.how, setting.classes)


@dataclass
class BadPredictor(Predictor):
    how: str
    classes: int

    def predict(self, degraded):
        count = len(degraded.images)
        if self.how == "not-finite":
            return Output(degraded.images.new_full((count, self.classes), float("nan")))
        logits = degraded.images.new_zeros((count, self.classes))
        if self.how == "tensor":
            return logits
        if self.how == "observed":
            return Output(logits, observations={"share": logits[:1, 0]})
        if self.how == "restored":
            return Output(logits, restored=degraded.images[:1])
        return Output(degraded.images.new_zeros((count, self.classes + 1)))


@dataclass(frozen=True)
class Meddling(Strategy):
    """Leaves a setting of the whole process as it likes it."""

    what: Literal[
        *("dtype", "device", "threads", "gradients", "determinism", "mkldnn", "denormals", "folder", "products"),
        *("attention", "autocast", "hooks", "errors", "warnings", "recursion", "rights"),
    ]

    def uses_train_blur(self):
        return False

    def fit(self, module, job):
        import torch

        match self.what:
            case "dtype":
                torch.set_default_dtype(torch.float64)
            case "device":
                torch.set_default_device("meta")
            case "threads":
                torch.set_num_threads(2)
            case "gradients":
                torch.set_grad_enabled(False)
            case "determinism":
                torch.use_deterministic_algorithms(False)
            case "mkldnn":
                torch.backends.mkldnn.set_flags(False)
            case "denormals":
                torch.set_flush_denormal(True)
            case "folder":
                os.chdir("/")
            case "products":
                torch.set_float32_matmul_precision("medium")
            case "attention":
                torch.backends.cuda.enable_math_sdp(False)
            case "autocast":
                torch.set_autocast_enabled("cpu", True)
            case "hooks":
                torch.nn.modules.module.register_module_forward_hook(lambda module, given, answer: 2 * answer)
            case "errors":
                import numpy as np

                np.seterr(all="raise")
            case "warnings":
                warnings.simplefilter("error")
            case "recursion":
                sys.setrecursionlimit(100)
            case "rights":
                os.umask(0o077)
        return {}


@dataclass(frozen=True)
class OnTopOf(Strategy):
    """Needs another strategy's predictor."""

    other: Ref[Strategy]

    def uses_train_blur(self):
        return False

    def needs(self, setting):
        return {"other": PredictorNeed(self.other)}

    def build(self, setting):
        return None

    def fit(self, module, job):
        return {}


@hookimpl
def register_blurs(register):
    register("unruly", Unruly)
    register("bad-psf", BadPsf)
    register("fragile", Fragile)


@hookimpl
def register_restorers(register):
    register("bad-restorer", BadRestorer)
    register("with-options", WithOptions)


@hookimpl
def register_estimators(register):
    register("bad-estimator", BadEstimator)


@hookimpl
def register_strategies(register):
    register("bad-fit", BadFit)
    register("meddling", Meddling)
    register("on-top-of", OnTopOf)
