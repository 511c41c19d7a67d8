"""`python -m blurbench`, the same as `blurbench`; in a checkout it needs no installation, only the packages."""

import sys

if __name__ == "__main__":
    try:
        from blurbench.cli import main

        main()
    except ModuleNotFoundError as error:
        from blurbench.checkout import unmet

        if not unmet():
            raise
        needed = ", ".join(unmet())
        print(f"blurbench: {error.name} is not installed here; install, or carry as wheels: {needed}", file=sys.stderr)
        sys.exit(1)
