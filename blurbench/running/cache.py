"""What a worker keeps between tasks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["Recent"]

T = TypeVar("T")


class Recent:
    """The most recently used values, up to a total weight."""

    def __init__(self, limit: float, weigh: Callable[[Any], float] = lambda value: 1) -> None:
        self.limit, self.weigh = limit, weigh
        self.values: OrderedDict[Any, Any] = OrderedDict()

    def get(self, key: Any, make: Callable[[], T]) -> T:
        """The value of `key`, made if it is not there."""
        if key not in self.values:
            self.values[key] = make()
        self.values.move_to_end(key)
        while len(self.values) > 1 and sum(map(self.weigh, self.values.values())) > self.limit:
            self.values.popitem(last=False)
        value: T = self.values[key]
        return value

    def drop(self, key: Any) -> None:
        """Forget one value."""
        self.values.pop(key, None)
