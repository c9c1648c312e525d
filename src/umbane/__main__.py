"""`python -m umbane` is the same as `umbane`."""

from umbane.cli import main

if __name__ == "__main__":
    main(prog_name="umbane")
