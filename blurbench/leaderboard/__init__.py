"""Boards from stored records: standings, markdown, CSV, pictures. Nothing here runs a benchmark or imports torch."""
