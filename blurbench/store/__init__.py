"""What is stored in a results folder: records, artifacts, decoded data sets, timings and boards, by their keys."""
