"""How fast blurbench is on this machine, beside the libraries that people use today: what `blurbench time` measures."""
