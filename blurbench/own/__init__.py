"""What a user brings in Python: networks, images, logits, pictures, measured and compared as everything else is."""
