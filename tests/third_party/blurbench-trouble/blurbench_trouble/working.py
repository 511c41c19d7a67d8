"""Plugins that load well and misbehave when used."""

import os
import signal
import time
from dataclasses import dataclass
from typing import Literal

from blurbench import hookimpl
from blurbench.errors import Skip
from blurbench.protocols import Blur, Predictor, PredictorNeed, Strategy
from blurbench.registry import Ref
from blurbench.types import Degraded, Output


@dataclass(frozen=True)
class Unruly(Blur):
    """A test blur that goes wrong."""

    how: Literal["raise", "shape", "not-finite", "kill", "hang", "print"]
    family = "unruly"

    def degrade(self, images, draws):
        match self.how:
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
class BadFit(Strategy):
    """Fitting or predicting goes wrong."""

    how: Literal["raise", "kill", "logits", "not-finite", "long-skip", "spoil"]

    def uses_train_blur(self):
        return False

    def fit(self, module, job):
        if self.how == "raise":
            raise RuntimeError("no gradient today")
        if self.how == "kill":
            os.kill(os.getpid(), signal.SIGSEGV)
        if self.how == "long-skip":
            raise Skip("no reason is too long\n" * 100)
        if self.how == "spoil":
            job.train.images.mul_(0.5)
        return {}

    def predictor(self, setting, own, inputs):
        return BadPredictor(self.how, setting.classes)


@dataclass
class BadPredictor(Predictor):
    how: str
    classes: int

    def predict(self, degraded):
        count = len(degraded.images)
        if self.how == "not-finite":
            return Output(degraded.images.new_full((count, self.classes), float("nan")))
        return Output(degraded.images.new_zeros((count, self.classes + 1)))


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


@hookimpl
def register_strategies(register):
    register("bad-fit", BadFit)
    register("on-top-of", OnTopOf)
