"""The standard GPU matrix: what `blurbench gpu` measures in one call."""
