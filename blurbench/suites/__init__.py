"""What is wanted: suite files, and the plan of cells and fits that a suite becomes."""
