"""The registry of installed plugins, and how a name with parameters becomes a plugin object and back.

gaussian[sigma=2]                          on the command line and in suites
{name = "gaussian", sigma = 2}             the same in TOML
{"name": "gaussian", "sigma": 2.0, ...}    the same in records and keys, every parameter written out
"""

from blurbench.registry.config import config, label
from blurbench.registry.expressions import expand, named, parse
from blurbench.registry.registry import Registration, Registry

__all__ = ["Registration", "Registry", "config", "expand", "label", "named", "parse"]
