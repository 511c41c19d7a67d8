from dataclasses import dataclass

from blurbench import hookimpl
from blurbench.contract import Blur


@dataclass(frozen=True)
class MyGaussian(Blur):
    """Wants a name that is taken."""


@dataclass
class Thawed(Blur):
    """Not frozen."""


class Unrelated:
    """No blur at all."""


@hookimpl
def register_blurs(register):
    register("gaussian", MyGaussian)
    register("thawed", Thawed)
    register("unrelated", Unrelated)
    register("Bad Name", MyGaussian)
