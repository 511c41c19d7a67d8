"""What stored records say: standings, rankings, advice, comparisons, and the pages and pictures that show them.

Nothing here runs a benchmark or imports torch.
"""
