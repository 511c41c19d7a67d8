"""The papers that the benchmark was founded on: what they printed, beside what was measured here.

Reads stored records and never runs anything. A paper is a module that says which measured cell each printed one
belongs to, and what its claims mean as comparisons; `library` lists them.
"""

__all__ = ["NAMES"]

NAMES = ("shen2022", "kim2023", "zhou2017", "patro2017", "dicosola2020")
"""Known without importing what reads records."""
