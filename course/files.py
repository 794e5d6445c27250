"""Reading and writing files: checked records in, complete files out, and one policy for SQLite files.

Every `CourseError` from here names the file, the line and the value at fault, and says what to change.
"""

import csv
import io
import json
import os
import shutil
import sqlite3
import time
import tomllib
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

import filelock
from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from course.errors import CourseError

T = TypeVar("T", bound=Hashable)
LONGEST_CELL = 1_000_000  # characters
BUSY_SECONDS = 10.0
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
# How files that are not text begin, whatever their names say.
_NO_TEXTS = {
    b"%PDF-": "a PDF",
    b"PK\x03\x04": "a ZIP archive, as .xlsx and .docx are",
    b"\xd0\xcf\x11\xe0": "an old Office file",
    b"\x1f\x8b": "a gzip archive",
    b"PAR1": "a Parquet file",
    b"SQLite format 3\0": "an SQLite database",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"GIF8": "an image",
}


def read_text(path: Path) -> str:
    """The text of a UTF-8 file with line ends as \\n and without a byte order mark.

    CourseError names a file that is missing, that is a folder, or that has another encoding.
    """
    return decoded(_content(path), path.name)


def decoded(content: bytes, name: str) -> str:
    """The same for bytes from a file of that name."""
    _refuse_other_kinds(content, name)
    if _is_utf_16(content):
        raise CourseError(f"{name} is saved as UTF-16; save it again as UTF-8.")
    if b"\0" in content:
        line = content[: content.index(0)].count(b"\n") + 1
        raise CourseError(f"{name}, line {line}: there is a NUL byte; save the file again as plain text.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        byte = content[error.start]
        raise CourseError(
            f"{name}, line {line}: the byte 0x{byte:02x} is not UTF-8 (as cp1252 it is "
            f"{bytes([byte]).decode('cp1252', 'replace')!r}); save the file again as UTF-8."
        ) from None
    return _plain_line_ends(text)


def checked_text(text: str, where: str) -> str:
    """The text, unless it holds half of a surrogate pair, which no file and no request can carry."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        half = text[error.start]
        raise CourseError(
            f"{where}: the text holds {half!r}, half of a character; remove it or write the whole character."
        ) from None
    return text


def without_halves(value: Any) -> Any:
    """The same text, list or dictionary with U+FFFD in the place of each half of a surrogate pair."""
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case list():
            return [without_halves(part) for part in value]
        case dict():
            return {without_halves(key): without_halves(part) for key, part in value.items()}
    return value


def read_csv(
    path: Path, record: type[T], *, unique: str | None = "id", check: Callable[[T], object] | None = None
) -> list[T]:
    """The rows of a comma-separated file as records of a dataclass, in file order.

    The columns are the fields of the dataclass (or their pydantic aliases), in any order, and no others. An
    empty cell is None where the field allows that. No two rows share a value of the field `unique`. `check`
    raises a CourseError for a record that does not fit to others; the line is put before it.
    """
    names = _names(record)
    kinds = get_type_hints(record)
    optional = {name for field, name in names.items() if type(None) in get_args(kinds[field])}
    filled = (
        (where, {name: None if cell == "" and name in optional else cell for name, cell in row.items()})
        for where, row in csv_rows(path, tuple(names.values()))
    )
    return _records(filled, record, unique, check)


def csv_rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    """(place, row) for each row of a comma-separated file with exactly these columns."""
    lines = _csv_lines(read_text(path), path.name, ",")
    _, header = next(lines, (1, []))
    _check_header(path.name, header, columns)
    for line, cells in lines:
        where = f"{path.name}, line {line}"
        yield where, _named_cells(where, header, cells)


@dataclass(frozen=True)
class ForeignTable:
    """A table as somebody else saved it: (line, {column: cell}) for each row, and how it was read."""

    columns: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, str]], ...]
    encoding: str
    separator: str


def read_foreign_csv(path: Path, needed: Sequence[str], encoding: str = "") -> ForeignTable:
    """A CSV file from anywhere, with at least the `needed` columns: any separator, BOM and encoding.

    The separator is the one with which the header has these columns, in upper or lower case. What is not
    UTF-8 or UTF-16 is taken for cp1252, unless `encoding` says otherwise. CourseError names what is wrong.
    """
    text, found = _foreign_text(path, encoding)
    headers = {mark: _header(text, mark) for mark in _SEPARATORS}
    fitting = [mark for mark, header in headers.items() if set(needed) <= set(header)]
    if not fitting:
        columns = max(headers.values(), key=len)
        missing = next(name for name in needed if name not in columns)
        shown = ", ".join(map(repr, columns)) or "none"
        raise CourseError(
            f"{path.name}, line 1: there is no column {missing!r}; the columns are {shown}. "
            "Rename yours, or say which one holds it."
        )
    separator = fitting[0]
    header = headers[separator]
    if twice := [name for name in header if header.count(name) > 1]:
        raise CourseError(f"{path.name}, line 1: the column {twice[0]!r} appears twice; rename one of them.")
    lines = _csv_lines(text, path.name, separator)
    next(lines)
    rows = tuple(
        (line, _named_cells(f"{path.name}, line {line}", header, cells, separator)) for line, cells in lines
    )
    return ForeignTable(tuple(header), rows, found, separator)


def read_json_lines(
    path: Path, record: type[T], *, unique: str | None = "id", check: Callable[[T], object] | None = None
) -> list[T]:
    """The lines of a JSON Lines file as records of a dataclass, with the same checks."""
    return _records(json_objects(path), record, unique, check)


def json_objects(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(place, object) for each line of a JSON Lines file. Empty lines are passed over."""
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if line.strip():
            where = f"{path.name}, line {number}"
            yield where, parsed_json(line, where)


def parsed_json(text: str, where: str) -> dict[str, Any]:
    """The JSON object in a text. CourseError says where it is and what is there instead."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CourseError(f"{where}: {_short(text)} is not JSON ({error}).") from None
    if not isinstance(value, dict):
        raise CourseError(f'{where}: {_short(text)} is not an object such as {{"id": "T1"}}.')
    checked_text(json.dumps(value, ensure_ascii=False), where)
    return value


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file."""
    return parsed_json(read_text(path), path.name)


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file."""
    try:
        return tomllib.loads(read_text(path))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise CourseError(f"{path.name} is not TOML: {error}.") from None


def checked(record: type[T], values: dict[str, Any], where: str) -> T:
    """The values as a record of a dataclass, or a CourseError that names the first value at fault."""
    unknown = sorted(values.keys() - set(_names(record).values()))
    if unknown:
        raise CourseError(f"{where}: the field {unknown[0]!r} is not known; remove it or correct its name.")
    with _at(where):
        try:
            return _adapter(record).validate_python(values)
        except ValidationError as error:
            raise CourseError(fault(error)) from None


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write to, which takes the place of `path` when the block ends and is removed if it fails.

    So a file is written completely or not at all: the earlier one stays until the new one is complete.
    """
    unfinished = _beside(path)
    try:
        yield unfinished
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def write_text(path: Path, text: str, *, private: bool = False) -> None:
    """Write a UTF-8 file with \\n at the end of each line, completely or not at all; its folder is made.

    Where it is `private`, this machine's user alone can read it. CourseError when it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as unfinished:
            if private:
                os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            unfinished.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise CourseError(
            f"{path} cannot be written ({error.strerror}); choose another folder, or free space."
        ) from None


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """The same for a folder: an empty one to fill, which becomes `folder` when the block ends."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = _beside(folder)
    unfinished.mkdir()
    try:
        yield unfinished
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(unfinished, folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


@contextmanager
def locked(path: Path, busy: str, seconds: float | None = BUSY_SECONDS) -> Iterator[None]:
    """One process at a time inside the block, by the lock file `path`.

    Another one is a CourseError(busy) after `seconds`; with None `busy` is printed, and it waits its turn.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(path)
    try:
        lock.acquire(timeout=seconds or 0)
    except filelock.Timeout:
        if seconds is not None:
            raise CourseError(busy) from None
        print(busy, flush=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def database(path: Path, *schema: str, holds: str) -> Iterator[sqlite3.Connection]:
    """A SQLite file for one transaction: made if it is missing, committed when the block ends.

    `schema` are statements that may run each time (CREATE TABLE IF NOT EXISTS ...); `holds` says what is in
    the file, for the errors: damage, a full disk and another kernel that keeps it busy are a CourseError
    each, and nothing is deleted.
    """
    with _named_faults(path, holds):
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection, connection:
            for statement in schema:
                connection.execute(statement)
            yield connection


@contextmanager
def read_only_database(
    path: Path, *, holds: str, busy_seconds: float = BUSY_SECONDS
) -> Iterator[sqlite3.Connection]:
    """A SQLite file that cannot be changed: opened for reading, with every change refused.

    The same faults are a CourseError as in `database`, and so is a missing file.
    """
    if not path.is_file():
        raise CourseError(f"{path} is missing: it should hold {holds[0].lower()}{holds[1:]}.")
    with _named_faults(path, holds):
        address = f"{path.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=busy_seconds)) as connection:
            connection.execute("PRAGMA query_only = ON")
            connection.row_factory = sqlite3.Row
            yield connection


@contextmanager
def _named_faults(path: Path, holds: str) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise CourseError(_database_fault(path, holds, error)) from error


def _database_fault(path: Path, holds: str, error: Exception) -> str:
    words = str(error)
    if "locked" in words or "busy" in words:
        return (
            f"{holds} in {path} are in use by another kernel; wait until it is done and run the cell again."
        )
    if "full" in words or "No space" in words:
        return (
            f"{holds} cannot be saved: the disk of {path.parent} is full. What was saved before is safe; "
            "free some space and try again."
        )
    return (
        f"{holds} in {path} cannot be used ({words}). Move the file away to start a new one; "
        "nothing in it was changed."
    )


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise CourseError(f"{path} is missing; restore the file, or correct the path.") from None
    except OSError as error:
        raise CourseError(f"{path} cannot be read ({error.strerror}).") from None


def _refuse_other_kinds(content: bytes, name: str) -> None:
    for beginning, kind in _NO_TEXTS.items():
        if content.startswith(beginning):
            raise CourseError(f"{name} is {kind}, not text; save it as plain text, a table as CSV.")


def _is_utf_16(content: bytes) -> bool:
    return content[:2] in (b"\xff\xfe", b"\xfe\xff") or content.count(0) > len(content) // 4


def _plain_line_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _foreign_text(path: Path, encoding: str) -> tuple[str, str]:
    """The text of a file, and the encoding that it was read with."""
    content = _content(path)
    _refuse_other_kinds(content, path.name)
    if encoding:
        tried = [encoding]
    elif _is_utf_16(content):
        # Without a byte order mark the first letter of the header says which byte comes first.
        tried = ["utf-16" if content[0] in (0xFE, 0xFF) else "utf-16-be" if content[0] == 0 else "utf-16-le"]
    else:
        tried = ["utf-8-sig", "cp1252"]
    for name in tried:
        try:
            return _plain_line_ends(content.decode(name)), name.removesuffix("-sig")
        except UnicodeDecodeError:
            continue
        except LookupError:
            raise CourseError(f"{encoding!r} is not an encoding; give one such as cp1252 or utf-8.") from None
    raise CourseError(
        f"{path.name} is not {' or '.join(tried)}; say which encoding it has (cp1251, shift_jis, ...), "
        "or save it again as UTF-8."
    )


def _header(text: str, separator: str) -> list[str]:
    """The columns' names in lower case, as this separator cuts them; none where it is not the right one."""
    try:
        _, cells = next(_csv_lines(text, "the header", separator), (1, []))
    except CourseError:
        return []
    return [cell.strip().lower() for cell in cells]


def _csv_lines(text: str, name: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """(line on which it ends, cells) of each row that is not empty. CourseError names a broken one."""
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for cells in reader:
            if cells:
                yield reader.line_num, cells
    except csv.Error as error:
        raise CourseError(
            f"{name}, line {reader.line_num}: {error}; close each quotation mark, double those inside a "
            f"text, and keep a cell under {LONGEST_CELL:,} characters."
        ) from None


def _named_cells(where: str, header: list[str], cells: list[str], separator: str = ",") -> dict[str, str]:
    if len(cells) != len(header):
        raise CourseError(
            f"{where}: the row {cells[0]!r} has {len(cells)} cells and not {len(header)}; "
            f"put double quotes round a text with {_SEPARATORS[separator]}."
        )
    return dict(zip(header, cells, strict=True))


def _records(
    rows: Iterable[tuple[str, dict[str, Any]]],
    record: type[T],
    unique: str | None,
    check: Callable[[T], object] | None,
) -> list[T]:
    places: dict[Any, str] = {}
    found = []
    for where, row in rows:
        value = checked(record, row, where)
        with _at(where):
            if check:
                check(value)
            identity = getattr(value, unique) if unique else where
            if not str(identity).strip():
                raise CourseError(f"{unique} is {identity!r}; give every row one.")
            if identity in places:
                raise CourseError(f"{unique} {identity!r} is already in {places[identity]}; make it unique.")
            places[identity] = where
        found.append(value)
    return found


@contextmanager
def _at(where: str) -> Iterator[None]:
    """Puts the place before the message of a CourseError."""
    try:
        yield
    except CourseError as error:
        raise CourseError(f"{where}: {str(error)[0].lower()}{str(error)[1:]}") from None


@cache
def _adapter(record: type[T]) -> TypeAdapter[T]:
    return TypeAdapter(record)


@cache
def _names(record: type) -> dict[str, str]:
    """Field of a dataclass -> its name in a file: the pydantic alias if it has one."""
    names = {field.name: field.name for field in fields(record)}
    for field, hint in get_type_hints(record, include_extras=True).items():
        for note in getattr(hint, "__metadata__", ()):
            if isinstance(note, FieldInfo) and note.alias:
                names[field] = note.alias
    return names


def _check_header(name: str, header: list[str], columns: tuple[str, ...]) -> None:
    where = f"{name}, line 1"
    if len(header) == 1 and len(columns) > 1:
        for separator, called in _SEPARATORS.items():
            if separator in header[0]:
                raise CourseError(f"{where}: {called} separate the columns; save the file with commas.")
    wanted = ",".join(columns)
    for column in columns:
        if column not in header:
            raise CourseError(f"{where}: the column {column!r} is missing; begin with {wanted}.")
    for column in header:
        if header.count(column) > 1:
            raise CourseError(f"{where}: the column {column!r} appears twice; begin with {wanted}.")
        if column not in columns:
            raise CourseError(f"{where}: the column {column!r} is not known; begin with {wanted}.")


def fault(error: ValidationError) -> str:
    """The first fault as a sentence: the value, and what it should be."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "the record"
    if first["type"] == "missing":
        return f"the field {place!r} is missing; each record needs it."
    message = first["msg"].removeprefix("Value error, ")
    return f"{place} is {_short(first['input'])}; {message[0].lower()}{message[1:]}."


def _short(value: Any) -> str:
    shown = repr(value[:60] if isinstance(value, str) else value)
    return shown if len(shown) <= 70 else f"{shown[:67]}..."


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}-{time.monotonic_ns()}.tmp")
