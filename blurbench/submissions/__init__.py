"""Other people's results: read as a stranger's, held against what is here, merged; and one's own made ready to send."""
