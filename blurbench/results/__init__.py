"""What is stored, and whether it can be believed: records, artifacts, decoded data, bundles of other people's."""
