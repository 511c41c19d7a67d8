"""What is stored of an estimator's cell agrees with itself, and is compared up to last digits."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from blurbench.measurements.blur_estimation.result import Errors, EstimationResult, steps_of
from blurbench.store.record import Line
from tests.builders import estimated

LINE = Line(key="ab" * 16, seed=0, labels={"estimator": "constant", "dataset": "text", "test_blur": "ramp"})


def result(*raw: float) -> EstimationResult:
    found = estimated(LINE, raw).result
    assert isinstance(found, EstimationResult)
    return found


@pytest.mark.parametrize(
    ("mse", "rmse", "says"), [(2.0, 2**0.5, "mean of per_picture"), (2.5, 2.0, "square root of mse")]
)
def test_a_mean_that_the_pictures_do_not_give_is_refused(mse: float, rmse: float, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Errors(mse=mse, rmse=rmse, bias=0.0, per_picture=[1.0, 4.0])


def test_every_picture_has_an_error() -> None:
    content = result(1.0, 4.0).measured.model_dump()
    with pytest.raises(ValidationError, match="an entry for each picture"):
        type(result(1.0).measured).model_validate({**content, "pictures": 3})


def test_last_digits_are_no_difference_and_one_picture_read_otherwise_is() -> None:
    stored = result(1.0, 4.0)
    assert stored.difference(result(1.0, 4.0005)) == ""
    assert stored.repeated(result(1.0, 4.0005)) == (True, "the same squared errors on 2 pictures")
    assert stored.difference(result(1.0, 4.1)) == "a mean squared error of 2.5 and of 2.55"
    assert not stored.repeated(result(4.0, 1.0))[0]


def test_a_fit_made_anew_may_lie_where_pictures_leave_it_open_and_no_further() -> None:
    stored = result(*[1.0, 2.0, 3.0] * 5)
    assert stored.refitted(result(*[1.5, 1.5, 3.0] * 5))[0]
    same, said = stored.refitted(result(*[1.5, 2.4, 3.6] * 5))
    assert not same
    assert said.endswith("squared pixels, which can be told from 0")


def test_the_widest_sigma_of_a_map_fits_into_a_byte() -> None:
    assert [7 * steps_of(7), 3 * steps_of(3)] == [240, 240]
