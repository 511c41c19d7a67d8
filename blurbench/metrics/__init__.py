"""What is measured: accuracy, image quality, robustness, and how sure the numbers are."""
