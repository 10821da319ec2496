"""The banks of a store as a list, page by page: a row per path of a file with voices."""

from __future__ import annotations

from dataclasses import dataclass

from corpus.sources.found_file import clean_path
from corpus.storage.store import Connection

BANKS_PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class BankRow:
    """A path of a bank. ``copies`` counts the paths of its content, this one included.

    ``issues`` counts the issues of the file and its voices, repairs included. ``generated``: made by a model.
    """

    file_sha: str
    source: str
    path: str
    size: int  # bytes
    voices: int
    format: str
    copies: int
    issues: int
    generated: bool

    @property
    def name(self) -> str:
        """The file name."""
        return self.path.replace("!", "/").rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class BankList:
    """One page of the matching banks, and the number of matching paths and of distinct contents."""

    rows: tuple[BankRow, ...]
    paths: int
    contents: int


def list_banks(connection: Connection, text: str = "", source: str = "", *, page: int = 0) -> BankList:
    """The banks with every word of ``text`` in their path, sorted by path; ``page`` counts from 0.

    Case is ignored. ``source`` is one of :func:`read_sources`, or empty for all.
    """
    values: dict[str, object] = {"source": source}
    tests = ["rejection IS NULL", "($source = '' OR source = $source)"]
    for number, word in enumerate(clean_path(text).lower().split()):
        tests.append(f"contains(lower(path), $word{number})")
        values[f"word{number}"] = word
    matching = f"FROM file_paths JOIN files USING (file_sha) WHERE {' AND '.join(tests)}"
    ((paths, contents),) = connection.execute(
        f"SELECT count(*), count(DISTINCT file_sha) {matching}", values
    ).fetchall()
    rows = connection.execute(
        f"""WITH shown AS (
            SELECT file_sha, source, path, size, voices, format, generated {matching}
            ORDER BY lower(path), path, source, file_sha LIMIT {BANKS_PER_PAGE} OFFSET $from
        ) SELECT file_sha, source, path, size, voices, format,
            (SELECT count(*) FROM file_paths WHERE file_paths.file_sha = shown.file_sha) AS copies,
            coalesce((SELECT sum(occurrences) FROM file_warnings WHERE file_warnings.file_sha = shown.file_sha), 0),
            generated
        FROM shown ORDER BY lower(path), path, source, file_sha""",  # noqa: S608 - parts of our own
        values | {"from": max(page, 0) * BANKS_PER_PAGE},
    ).fetchall()
    return BankList(tuple(BankRow(*row) for row in rows), paths, contents)


def read_sources(connection: Connection) -> dict[str, int]:
    """The sources given to ingest and the number of bank paths in each, the largest first."""
    return dict(
        connection.execute(
            "SELECT source, count(*) FROM file_paths JOIN files USING (file_sha) WHERE rejection IS NULL"
            " GROUP BY source ORDER BY count(*) DESC, source"
        ).fetchall()
    )
