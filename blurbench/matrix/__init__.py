"""What is wanted: suite files, and the plan of cells and tasks that a suite becomes."""
