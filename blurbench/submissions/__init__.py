"""Other people's results: read as a stranger's, held against this installation, merged into a board."""
