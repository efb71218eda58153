"""The interface between the dbt models in Python and the engine that they run on, and DuckDB's implementation.

Queries are portable SQL, as the models are. Results are Arrow columns, converted to NumPy without an object per row;
loaded rows are texts, cast in SQL. pyarrow's own conversions from and to NumPy are not used: they import pandas, which
takes more CPU than resolving a day.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import singledispatch
from typing import Any, overload

import duckdb
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

#: Memory limit of DuckDB in bytes while authors are resolved.
REDUCED_MEMORY_BYTES = 2**30
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


class Texts(Sequence[str]):
    """A column of texts; each becomes a Python object on access."""

    def __init__(self, array: Any):
        self._array = array

    def __len__(self) -> int:
        return len(self._array)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[str]: ...
    def __getitem__(self, at: int | slice) -> str | Sequence[str]:
        return Texts(self._array[at]) if isinstance(at, slice) else self._array[at].as_py()

    def take(self, places: Ints) -> list[str]:
        """The texts at these places: four times faster than one by one."""
        import pyarrow as pa

        wanted = pa.Array.from_buffers(pa.int64(), len(places), [None, pa.py_buffer(np.ascontiguousarray(places))])
        return self._array.take(wanted).to_pylist()  # type: ignore[no-any-return]


class Columns:
    """The rows of a query, by column."""

    def __init__(self, table: Any):
        self._table = table.combine_chunks()

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def _array(self, name: str) -> Any:
        import pyarrow as pa

        column = self._table.column(name)
        return column.chunk(0) if column.num_chunks else pa.nulls(0, column.type)

    def ints(self, name: str) -> Ints:
        """A column of bigint without nulls."""
        return _numbers(self._array(name))

    def texts(self, name: str) -> Texts:
        """A column of texts without nulls."""
        return Texts(self._array(name))

    def values(self, name: str) -> list[Any]:
        """A column as Python objects."""
        return self._array(name).to_pylist()  # type: ignore[no-any-return]

    def codes(self, name: str) -> tuple[Ints, list[str]]:
        """A column of texts as codes, -1 for null, and the text of each code."""
        array = self._array(name).dictionary_encode()
        return _codes(array), array.dictionary.to_pylist()

    def lists(self, name: str) -> tuple[Ints, Ints, list[str]]:
        """A column of lists of texts: the row and the code of each element that is not null, and the texts."""
        array = self._array(name)
        if not len(array):
            return np.zeros(0, np.int64), np.zeros(0, np.int64), []
        ends = np.frombuffer(array.buffers()[1], np.int32)[array.offset : array.offset + len(array) + 1]
        size = np.where(_is_known(array), np.diff(ends), 0)
        inner = array.flatten().dictionary_encode()
        codes = _codes(inner)
        known = codes >= 0
        return np.repeat(np.arange(len(size)), size)[known], codes[known], inner.dictionary.to_pylist()


def _numbers(array: Any) -> NDArray[Any]:
    """The numbers of an Arrow array, copied; the value of a null is undefined."""
    kind = np.dtype(str(array.type))
    buffer = array.buffers()[1]
    if buffer is None or not len(array):
        return np.zeros(0, kind)
    return np.frombuffer(buffer, kind)[array.offset : array.offset + len(array)].copy()


def _is_known(array: Any) -> NDArray[np.bool_]:
    """Where an Arrow array is not null."""
    if not array.null_count:
        return np.ones(len(array), bool)
    bits = np.unpackbits(np.frombuffer(array.buffers()[0], np.uint8), bitorder="little")
    return bits[array.offset : array.offset + len(array)].astype(bool)


def _codes(array: Any) -> Ints:
    """The codes of a dictionary-encoded Arrow array, -1 for null."""
    indices = array.indices
    return np.where(_is_known(indices), _numbers(indices), -1).astype(np.int64)


class Engine(ABC):
    """What the models in Python need of an engine. Table names are plain words."""

    @abstractmethod
    def register(self, name: str, relation: Any) -> None:
        """Name what ``dbt.ref`` returned, or the table of a dbt relation, for later queries."""

    @abstractmethod
    def read(self, query: str) -> Columns:
        """The rows of a query."""

    @abstractmethod
    def materialize(self, name: str, query: str) -> None:
        """Compute a query once; later queries of the model read it under the name."""

    @abstractmethod
    def load(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[str | None]]) -> None:
        """Load rows of texts; later queries read them under the name, in the place of an earlier table of it."""

    @abstractmethod
    def append(self, name: str, rows: Any) -> None:
        """Append rows, as ``texts_table`` packs them, to a loaded table. All rows together may exceed the memory."""

    def reduced_memory(self) -> AbstractContextManager[None]:
        """Reduce the engine's buffers while Python needs the memory."""
        return nullcontext()

    @abstractmethod
    def result(self, query: str) -> Any:
        """A query in the form that a dbt model returns."""


class DuckDB(Engine):
    """A DuckDB connection, which dbt-duckdb passes to a model."""

    def __init__(self, session: Any):
        self._session = session

    def register(self, name: str, relation: Any) -> None:
        if hasattr(relation, "identifier"):
            relation = self._session.sql(f"select * from {relation.schema}.{relation.identifier}")
        self._session.register(name, relation)

    def read(self, query: str) -> Columns:
        return Columns(self._session.sql(query).to_arrow_table())

    def materialize(self, name: str, query: str) -> None:
        self._session.execute(f"create or replace temporary table {name} as {query}")

    def load(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[str | None]]) -> None:
        self._session.register("loaded_rows", texts_table(columns, rows))
        self.materialize(name, "select * from loaded_rows")
        self._session.unregister("loaded_rows")

    def append(self, name: str, rows: Any) -> None:
        self._session.register("loaded_rows", rows)
        self._session.execute(f"insert into {name} select * from loaded_rows")
        self._session.unregister("loaded_rows")

    @contextmanager
    def reduced_memory(self) -> Iterator[None]:
        ((limit,),) = self._session.execute("select current_setting('memory_limit')").fetchall()
        number, unit = limit.split(" ")
        if float(number) * 1024 ** _UNITS.index(unit) <= REDUCED_MEMORY_BYTES:
            yield
            return
        with suppress(duckdb.OutOfMemoryException):  # another model needs more at this moment
            self._session.execute(f"set memory_limit = '{REDUCED_MEMORY_BYTES} bytes'")
        try:
            yield
        finally:
            self._session.execute(f"set memory_limit = '{limit}'")

    def result(self, query: str) -> Any:
        return self._session.sql(query)


@singledispatch
def engine_of(session: Any) -> Engine:
    """The engine of a dbt model in Python, by the type of the session that dbt passes to it.

    DuckDB's, unless another engine registered its type of session (``engine_of.register``).
    """
    return DuckDB(session)


def texts_table(names: Sequence[str], rows: Sequence[Sequence[str | None]]) -> Any:
    """Rows of texts as an Arrow table, which another process receives as one copy."""
    import pyarrow as pa

    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    arrays = []
    for column in columns:
        builder = pa.lib.StringBuilder()
        builder.append_values(list(column))
        arrays.append(builder.finish())
    return pa.Table.from_arrays(arrays, names=list(names))
