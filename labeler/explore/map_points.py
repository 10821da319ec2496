"""The points of the map as binary columns for the browser, a megabyte for 28,000 voices, and the route that sends them.

A selection comes back as row numbers of the list of voices that was sent. Each list has a mark; a selection on another
list is refused.
"""

from __future__ import annotations

import base64
import binascii
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from corpus.analysis.map_points import MapPoints, points_mark, read_points
from corpus.analysis.search_index import open_for_search
from dx7.errors import StoreBusyError, StoreError
from dx7.shared.categories import category_keys
from labeler.page.settings import store_path

_KEPT = 3  # lists of voices, so that a selection made just before an update can still be read


@dataclass(frozen=True, slots=True)
class EncodedPoints:
    """The bytes for a browser: ``address`` identifies the bytes, ``mark`` the list of voices in them."""

    address: str
    mark: str
    voice_ids: tuple[str, ...]
    payload: bytes


class MapPointsCache:
    """The encoded points of stores, read again when they have changed. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sent: dict[tuple[Path, str], EncodedPoints] = {}

    def latest(self, store: Path) -> EncodedPoints:
        """The current points. Raises ``StoreError`` if the store cannot be used."""
        with self._lock, open_for_search(store) as connection:
            address = sha256(f"{points_mark(connection)} {category_keys()}".encode()).hexdigest()[:16]
            if (store, address) not in self._sent:
                self._sent[store, address] = encode_points(read_points(connection, category_keys()), address)
                while len(self._sent) > _KEPT:
                    del self._sent[next(iter(self._sent))]
            return self._sent[store, address]

    def selected(self, store: Path, selection: Any) -> list[str]:
        """The voice ids of a selection ``{"mark", "indices": base64 of uint32}``; empty if it cannot be read.

        Raises ``StoreError`` if the selection was made on another list of voices.
        """
        if not isinstance(selection, Mapping):
            return []
        with self._lock:
            sent = [each for (of, _), each in self._sent.items() if of == store and each.mark == selection.get("mark")]
        ids = sent[-1].voice_ids if sent else self._ids_of_latest(store, selection)
        try:
            rows = np.frombuffer(base64.b64decode(str(selection.get("indices")), validate=True), "<u4")
        except (binascii.Error, ValueError):
            return []
        return [ids[row] for row in rows.tolist() if row < len(ids)]

    def _ids_of_latest(self, store: Path, selection: Mapping[str, Any]) -> tuple[str, ...]:
        latest = self.latest(store)
        if latest.mark != selection.get("mark"):
            raise StoreError("the map has changed since that selection was made; select again")
        return latest.voice_ids


def encode_points(points: MapPoints, address: str) -> EncodedPoints:
    """The bytes that ``front/map/points.js`` reads."""
    mark = sha256("".join(points.voice_ids).encode()).hexdigest()[:16]
    header = json.dumps({"mark": mark, "count": len(points.voice_ids)}).encode()
    columns = (
        points.points[:, 0].astype("<f4"),
        points.points[:, 1].astype("<f4"),
        points.brightness.astype("<f4"),
        points.families.astype("<u4"),
        points.categories.astype(np.uint8),
        points.labelled.astype(np.uint8),
    )
    payload = b"".join(
        (
            len(header).to_bytes(4, "little"),
            header,
            b"\0" * (-len(header) % 4),
            *(column.tobytes() for column in columns),
            bytes.fromhex("".join(points.voice_ids)),
            "\n".join(name.replace("\n", " ") for name in points.names).encode("utf-8", "replace"),
        )
    )
    return EncodedPoints(address, mark, points.voice_ids, payload)


def encode_found(voice_ids: tuple[str, ...], found: frozenset[str]) -> str:
    """Base64 of one bit for each of ``voice_ids``, the lowest bit first: whether it is in ``found``."""
    bits = np.fromiter((voice_id in found for voice_id in voice_ids), np.bool_, len(voice_ids))
    return base64.b64encode(np.packbits(bits, bitorder="little").tobytes()).decode()


MAP_POINTS = MapPointsCache()  # shared by all sessions of this process


def get_map_points(request: Request) -> Response:
    """The current points. The browser may cache them only if the address in the URL is theirs."""
    try:
        sent = MAP_POINTS.latest(store_path())
    except StoreBusyError as error:
        return PlainTextResponse(str(error), 503)
    except StoreError as error:
        return PlainTextResponse(str(error), 404)
    is_named = sent.address == request.path_params["address"]
    kept = "private, max-age=86400" if is_named else "no-store"
    return Response(sent.payload, media_type="application/octet-stream", headers={"Cache-Control": kept})


MAP_ROUTES = (Route("/map/{address}", get_map_points),)
