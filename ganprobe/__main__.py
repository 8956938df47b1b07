"""`python -m ganprobe` is `ganprobe`."""

from ganprobe.cli import main

if __name__ == "__main__":
    main()
