"""What is taken home from a results folder: which row is meant, its predictor on pictures of one's own, and the whole
remedy as one file that needs no blurbench."""
