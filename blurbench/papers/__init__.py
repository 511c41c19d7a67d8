"""What papers printed, beside what was measured: reads stored records and never runs anything.

A paper is a plugin that says which measured cell each printed figure belongs to, and what its claims mean as
comparisons. It derives from `paper.CellPaper`, or from `estimations.EstimationPaper` where a suite of estimators holds
its measurements; `filling` makes tables and comparisons, `published` reads printed figures and claims from files.
"""
