"""The plugins that stand in for others in checks."""

from __future__ import annotations

import pytest

from blurbench.contract import (
    Plugin,
)
from blurbench.testing import check_plugin
from blurbench.testing.samples import (
    SAMPLES,
)


@pytest.mark.parametrize("cls", SAMPLES.values())
def test_the_plugins_that_these_derive_from_keep_all_their_promises(cls: type[Plugin]) -> None:
    assert check_plugin(cls).unchecked == []
