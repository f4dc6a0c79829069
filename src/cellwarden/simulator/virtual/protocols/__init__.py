"""One virtual device per file, each with `DEVICE = …`; they are found, not listed."""
