"""`python -m cellwarden` is the command `cellwarden`."""

from cellwarden.app.cli import main

if __name__ == "__main__":
    main()
