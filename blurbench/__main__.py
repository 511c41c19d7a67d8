"""`python -m blurbench`, the same as `blurbench`."""

from blurbench.cli import main

if __name__ == "__main__":
    main()
