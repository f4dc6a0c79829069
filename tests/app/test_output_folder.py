from __future__ import annotations

from pathlib import Path

import pytest

from cellwarden.app.output_folder import written_together
from cellwarden.core.errors import InputError


def write_pair(folder: Path, text: str) -> None:
    with written_together(folder) as work:
        (work / "a.json").write_text(text)
        (work / "b.json").write_text(text)


def files_below(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_files_arrive_in_a_new_folder_and_nothing_else(tmp_path: Path) -> None:
    write_pair(tmp_path / "deep" / "out", "one")
    assert files_below(tmp_path) == {"deep/out/a.json": "one", "deep/out/b.json": "one"}
    assert sorted(path.name for path in (tmp_path / "deep" / "out").iterdir()) == ["a.json", "b.json"]


def test_files_replace_their_forerunners_and_leave_strangers(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("kept")
    write_pair(tmp_path, "one")
    write_pair(tmp_path, "two")
    assert files_below(tmp_path) == {"a.json": "two", "b.json": "two", "mine.txt": "kept"}


def test_a_failure_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    write_pair(tmp_path / "out", "one")

    def fail_half_way() -> None:
        with written_together(tmp_path / "out") as work:
            (work / "a.json").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert files_below(tmp_path) == {"out/a.json": "one", "out/b.json": "one"}
    assert [path.name for path in (tmp_path / "out").iterdir() if path.is_dir()] == []


def test_a_failure_does_not_make_the_folder(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), written_together(tmp_path / "out"):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_file_in_the_way_is_named(tmp_path: Path, below: str) -> None:
    file = tmp_path / "out"
    file.write_text("in the way")
    with pytest.raises(InputError, match="out is a file"), written_together(file / below if below else file):
        pass
    assert file.read_text() == "in the way"


@pytest.mark.parametrize("where", ["making", "writing", "moving"])
def test_what_is_refused_is_told_of_the_folder_that_was_named(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(place: object, *_: object) -> None:
        raise PermissionError(13, "Permission denied", str(place))

    def write() -> None:
        with written_together(tmp_path / "out") as work:
            (work / "a.json").write_text("one")
            if where == "writing":
                refuse(work / "b.json")

    if where == "making":
        monkeypatch.setattr("tempfile.mkdtemp", lambda prefix, dir: refuse(Path(dir) / prefix))  # noqa: A006
    if where == "moving":
        monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(InputError) as said:
        write()
    assert str(said.value) == (
        f"{tmp_path / 'out'}: the results cannot be written there (Permission denied); name another folder."
    )
    assert list(tmp_path.glob(".*")) == []


def test_an_error_of_another_file_stays_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"log\.csv"), written_together(tmp_path / "out"):
        raise FileNotFoundError(2, "No such file", "log.csv")
