"""The one layer between the dbt models in Python and the engine that they run on.

``Engine`` says what the models ask of an engine, in SQL that DuckDB and Spark both speak; ``DuckDB`` answers it.
Another engine needs a class with these few methods and a line in ``engine``. Rows come as Arrow columns and become
numbers without an object for each; rows go as texts and are cast in SQL: pyarrow's own conversions to and from NumPy
import pandas, which costs more CPU than a day's work here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any, overload

import duckdb
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

#: Bytes that DuckDB may hold while authors are resolved.
ASIDE = 2**30
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


class Texts(Sequence[str]):
    """A column of texts that become objects when they are asked for."""

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
        """The texts at these places, in a quarter of the time that one after the other takes."""
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
        return column.chunk(0) if column.num_chunks else pa.array([], column.type)

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
        """A column of texts as numbers, -1 for null, and the texts that they stand for."""
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
    """The numbers of an Arrow array, copied; what stands for null is any."""
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
    """What the models in Python ask of an engine. Names of tables are plain words."""

    @abstractmethod
    def see(self, name: str, relation: Any) -> None:
        """Let queries read what ``dbt.ref`` gave, or the table that a relation of dbt names, under a name."""

    @abstractmethod
    def read(self, query: str) -> Columns:
        """The rows of a query."""

    @abstractmethod
    def keep(self, name: str, query: str) -> None:
        """Compute a query once; later queries read it under the name, for as long as the model runs."""

    @abstractmethod
    def give(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[str | None]]) -> None:
        """Let later queries read rows of texts under a name, instead of what it named before."""

    @abstractmethod
    def append(self, name: str, rows: Any) -> None:
        """Add rows, as ``texts`` packs them, to those that were given under the name. They need not fit into memory
        all together."""

    def aside(self) -> AbstractContextManager[None]:
        """While the memory is needed here: the engine keeps little of what it could read again."""
        return nullcontext()

    @abstractmethod
    def answer(self, query: str) -> Any:
        """A query as what a model returns."""


class DuckDB(Engine):
    """DuckDB's connection, as dbt-duckdb hands it to a model."""

    def __init__(self, session: Any):
        self._session = session

    def see(self, name: str, relation: Any) -> None:
        if hasattr(relation, "identifier"):
            relation = self._session.sql(f"select * from {relation.schema}.{relation.identifier}")
        self._session.register(name, relation)

    def read(self, query: str) -> Columns:
        return Columns(self._session.sql(query).to_arrow_table())

    def keep(self, name: str, query: str) -> None:
        self._session.execute(f"create or replace temporary table {name} as {query}")

    def give(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[str | None]]) -> None:
        self._session.register("given_rows", texts(columns, rows))
        self.keep(name, "select * from given_rows")
        self._session.unregister("given_rows")

    def append(self, name: str, rows: Any) -> None:
        self._session.register("given_rows", rows)
        self._session.execute(f"insert into {name} select * from given_rows")
        self._session.unregister("given_rows")

    @contextmanager
    def aside(self) -> Iterator[None]:
        ((limit,),) = self._session.execute("select current_setting('memory_limit')").fetchall()
        number, unit = limit.split(" ")
        if float(number) * 1024 ** _UNITS.index(unit) <= ASIDE:
            yield
            return
        with suppress(duckdb.OutOfMemoryException):  # another model works on more than that
            self._session.execute(f"set memory_limit = '{ASIDE} bytes'")
        try:
            yield
        finally:
            self._session.execute(f"set memory_limit = '{limit}'")

    def answer(self, query: str) -> Any:
        return self._session.sql(query)


def engine(session: Any) -> Engine:
    """The engine of a model's session."""
    if type(session).__module__.startswith("pyspark."):
        from warehouse.spark.frames import Spark

        return Spark(session)
    return DuckDB(session)


def texts(names: Sequence[str], rows: Sequence[Sequence[str | None]]) -> Any:
    """Rows of texts as an Arrow table, which goes to another process at the cost of a copy."""
    import pyarrow as pa

    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    arrays = []
    for column in columns:
        builder = pa.lib.StringBuilder()
        builder.append_values(list(column))
        arrays.append(builder.finish())
    return pa.Table.from_arrays(arrays, names=list(names))
