"""What is stored: records, artifacts, decoded data sets, timings and boards, content-addressed, in one results folder."""
