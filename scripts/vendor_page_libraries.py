"""Fetch the page's libraries with npm, put what the page loads into the package, and record where it is from.

    python -m scripts.vendor_page_libraries

Writes `src/cellwarden/web/static/vendor/` and its `libraries.json`: name, version, licence, the archive's integrity as
npm states it, and the SHA-256 of every file as it is shipped. Needs npm; nobody who installs or runs cellwarden does.
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "src" / "cellwarden" / "web" / "static" / "vendor"


@dataclass(frozen=True, slots=True)
class Library:
    """A library at one version: which of its files are shipped, under which names."""

    name: str
    version: str
    licence: str
    files: tuple[tuple[str, str], ...]


LIBRARIES = (
    Library("preact", "11.2.0", "MIT", (("dist/preact.mjs", "preact.js"), ("hooks/dist/hooks.mjs", "preact_hooks.js"))),
    Library("htm", "3.1.1", "Apache-2.0", (("dist/htm.mjs", "htm.js"),)),
    Library("uplot", "1.6.32", "MIT", (("dist/uPlot.esm.js", "uplot.js"), ("dist/uPlot.min.css", "uplot.css"))),
)
# a bare name means nothing to a browser, and a map of names would need a script inside the page
_REWRITTEN = {
    'from"preact"': 'from"./preact.js"',
    "from'preact'": "from'./preact.js'",
    'from "preact"': 'from "./preact.js"',
}


def fetched(library: Library, folder: Path) -> Path:
    """The library's archive, as npm packs it."""
    run = subprocess.run(  # whichever npm is installed
        ["npm", "pack", "--silent", f"{library.name}@{library.version}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return folder / run.stdout.strip().splitlines()[-1]


def shipped(content: bytes) -> bytes:
    """A file as the page loads it: imports by path, no reference to a map that is not shipped."""
    text = content.decode("utf-8")
    for bare, path in _REWRITTEN.items():
        text = text.replace(bare, path)
    kept = [line for line in text.splitlines() if not line.startswith("//# sourceMappingURL=")]
    return ("\n".join(kept) + "\n").encode("utf-8")


def licence_text(tar: tarfile.TarFile, library: Library) -> str:
    """The licence as the archive holds it."""
    member = tar.extractfile("package/LICENSE")
    if member is None:
        raise FileNotFoundError(f"{library.name} has no licence text")
    return f"{library.name} {library.version}\n\n{member.read().decode('utf-8').strip()}\n"


def vendored(library: Library, folder: Path) -> dict[str, object]:
    """Write a library's files; its entry for the record."""
    archive = fetched(library, folder)
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode("ascii")
    hashes = {}
    with tarfile.open(archive) as tar:
        for source, name in library.files:
            member = tar.extractfile(f"package/{source}")
            if member is None:
                raise FileNotFoundError(source)
            content = shipped(member.read())
            (FOLDER / name).write_bytes(content)
            hashes[name] = hashlib.sha256(content).hexdigest()
        (FOLDER / f"{library.name}_licence.txt").write_text(licence_text(tar, library), encoding="utf-8")
    return {
        "name": library.name,
        "version": library.version,
        "licence": library.licence,
        "integrity": f"sha512-{digest}",
        "sha256": hashes,
    }


def main() -> None:
    """Write all libraries and the record."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        record = [vendored(library, Path(work)) for library in LIBRARIES]
    (FOLDER / "libraries.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
