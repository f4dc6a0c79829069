"""Tracks: what estimators leave for those after them, one row a minute, keyed by type."""

from __future__ import annotations

from typing import TypeVar

__all__ = ["Board"]

_T = TypeVar("_T")


class Board:
    """Results of one minute block, by type: an estimator puts its track, later ones and detectors get it."""

    __slots__ = ("_tracks",)

    def __init__(self) -> None:
        self._tracks: dict[type, object] = {}

    def put(self, track: object) -> None:
        """Leave a track; one of its type must not be there yet."""
        if type(track) in self._tracks:
            raise KeyError(f"{type(track).__name__} was put twice")
        self._tracks[type(track)] = track

    def get(self, kind: type[_T]) -> _T:
        """The track of that type.

        Raises
        ------
        KeyError
            No estimator left one: its plug-in must be named in `needs`.
        """
        track = self._tracks[kind]
        if not isinstance(track, kind):
            raise TypeError(kind.__name__)
        return track

    def find(self, kind: type[_T]) -> _T | None:
        """The track of that type or None."""
        return self.get(kind) if kind in self._tracks else None
