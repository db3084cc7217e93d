"""Reads Arrow arrays as the contract's types; text is read the same way whether it stood in CSV or in Parquet."""

from collections.abc import Callable

import numpy as np
from arro3.compute import cast, dictionary_encode, is_not_null, is_null
from arro3.compute import filter as keep
from arro3.core import Array, DataType, RecordBatch, dictionary_dictionary, dictionary_indices
from numpy.typing import NDArray

from trimtab.domain.cells import Cells, Mask
from trimtab.domain.columns import ColumnType
from trimtab.domain.dialect import TRUTHS

YEAR_1, YEAR_10000 = (
    -62_135_596_800,
    253_402_300_800,
)  # in seconds since 1970: what Python's calendar holds

Text = Callable[[int], str]


class ArrowBlock:
    """Some rows of a file, as Arrow arrays."""

    def __init__(self, batch: RecordBatch, places: dict[str, int], rows: NDArray[np.int64]) -> None:
        self._batch = batch
        self._places = places
        self.rows = rows

    def cells(self, name: str, type_: ColumnType) -> Cells:
        """Return the column's cells, read as the type; the name is one of the header."""
        return read_as(type_, self._batch.column(self._places[name]))


def numbered(batch: RecordBatch, *, after: int) -> NDArray[np.int64]:
    """Return the numbers of a batch's rows, which follow the first `after` rows of the file."""
    return np.arange(after + 1, after + 1 + batch.num_rows, dtype=np.int64)


def is_engine_error(error: BaseException) -> bool:
    """Say whether the engine could not read the data: it raises bare Exception, and panics on some damage."""
    return type(error) is Exception or type(error).__name__ == "PanicException"


def read_as(type_: ColumnType, array: Array) -> Cells:
    """Read an array as a type of the contract; what cannot be read so is marked wrong, never refused."""
    try:
        return _read_as(type_, _plain(array))
    except BaseException as error:
        if not is_engine_error(error):
            raise
        return _nothing(type_, is_null(array).to_numpy(), array)


def _read_as(type_: ColumnType, plain: Array) -> Cells:
    if DataType.is_null(plain.type):
        return _nothing(type_, np.ones(len(plain), dtype=np.bool_), plain)
    if not _may_hold(type_, plain.type):
        return _nothing(type_, is_null(plain).to_numpy(), plain)
    match type_:
        case ColumnType.integer | ColumnType.number:
            return _numbers(type_, plain)
        case ColumnType.datetime:
            return _times(plain)
        case ColumnType.boolean if DataType.is_boolean(plain.type):
            return _flags(plain)
        case _:
            return _levels(type_, plain)


def _plain(array: Array) -> Array:
    """The array without dictionary encoding, and with one kind of text."""
    kind = array.type
    if DataType.is_dictionary(kind):
        kind = kind.value_type or DataType.string()
        array = cast(array, kind)
    text = DataType.is_large_string(kind) or DataType.is_string_view(kind)
    return cast(array, DataType.string()) if text else array


def _may_hold(type_: ColumnType, kind: DataType) -> bool:
    text = DataType.is_string(kind)
    match type_:
        case ColumnType.integer | ColumnType.number:
            return text or DataType.is_numeric(kind) or DataType.is_decimal(kind)
        case ColumnType.datetime:
            return text or DataType.is_timestamp(kind) or DataType.is_date(kind)
        case ColumnType.boolean:
            return text or DataType.is_boolean(kind) or DataType.is_integer(kind)
        case ColumnType.string:
            return text


def _nothing(type_: ColumnType, missing: Mask, array: Array) -> Cells:
    """Cells of an array none of whose values is of the type."""
    size = len(missing)
    places = np.zeros(size, dtype=np.int64)
    levels = type_ in (ColumnType.string, ColumnType.boolean)
    return Cells(
        type=type_,
        missing=missing,
        wrong=~missing,
        text=_text(array),
        numbers=None if levels else places,
        levels=("",) if levels else (),
        codes=places if levels else None,
    )


def _numbers(type_: ColumnType, array: Array) -> Cells:
    # An integer may be written as 3.0: that is how pandas writes a column of integers with gaps.
    read = cast(array, DataType.float64())
    unread = is_null(read).to_numpy()
    numbers = _spread(read, unread, np.dtype(np.float64))
    if read.null_count == array.null_count and np.isfinite(numbers).all():
        wrong = np.zeros(len(unread), dtype=np.bool_)
        if type_ is ColumnType.integer:
            wrong = (numbers != np.floor(numbers)) & ~unread
        return Cells(type_, unread, wrong, _text(array), numbers=numbers)
    not_a_number = (
        np.isnan(numbers) & ~unread
    )  # written as NaN, the other way to say that a value is missing
    missing = is_null(array).to_numpy() | not_a_number
    wrong = (unread | np.isinf(numbers)) & ~missing
    if type_ is ColumnType.integer:
        wrong |= ~missing & (numbers != np.floor(numbers))
    missing, wrong = _with_empty(array, missing, wrong)
    return Cells(type_, missing, wrong, _text(array), numbers=numbers)


def _times(array: Array) -> Cells:
    # Text is read as UTC where it names no zone, whether UTC is asked for or nothing; the latter takes half the time.
    zone = None if DataType.is_string(array.type) else "UTC"
    read = cast(cast(array, DataType.timestamp("us", tz=zone)), DataType.int64())
    unread = is_null(read).to_numpy()
    missing = is_null(array).to_numpy()
    numbers = _spread(read, unread, np.dtype(np.int64))
    if not DataType.is_string(array.type):
        # A date of Parquet may lie so far away that its microseconds overflow, without a word from the cast.
        seconds = cast(cast(array, DataType.timestamp("s", tz="UTC")), DataType.int64())
        without = is_null(seconds).to_numpy()
        whole = _spread(seconds, without, np.dtype(np.int64))
        unread |= without | (whole < YEAR_1) | (whole >= YEAR_10000)
    missing, wrong = _with_empty(array, missing, unread & ~missing)
    return Cells(ColumnType.datetime, missing, wrong, _text(array), numbers=numbers)


def _flags(array: Array) -> Cells:
    missing = is_null(array).to_numpy()
    return Cells(
        type=ColumnType.boolean,
        missing=missing,
        wrong=np.zeros(len(missing), dtype=np.bool_),
        text=_text(array),
        levels=("false", "true"),
        codes=_spread(array, missing, np.dtype(np.int64)),
    )


def _levels(type_: ColumnType, array: Array) -> Cells:
    text = array if DataType.is_string(array.type) else cast(array, DataType.string())
    encoded = dictionary_encode(text)
    levels = tuple(dictionary_dictionary(encoded).to_pylist())
    indices = cast(dictionary_indices(encoded), DataType.int64())
    missing = is_null(indices).to_numpy()
    codes = _spread(indices, missing, np.dtype(np.int64))
    if "" in levels:  # an empty text is a missing value, as it is in CSV
        missing = missing | (codes == levels.index(""))
    if type_ is ColumnType.string:
        wrong = np.zeros(len(codes), dtype=np.bool_)
        return Cells(type_, missing, wrong, _text(array), levels=levels or ("",), codes=codes)
    meant = [TRUTHS.get(level.lower()) for level in levels] or [None]
    strange = np.array([level is None for level in meant])
    truth = np.array([level is True for level in meant], dtype=np.int64)
    wrong = strange[codes] & ~missing
    return Cells(type_, missing, wrong, _text(array), levels=("false", "true"), codes=truth[codes])


def _with_empty(array: Array, missing: Mask, wrong: Mask) -> tuple[Mask, Mask]:
    """Count empty texts, which cannot be read as a number or time, as missing: so they are in CSV."""
    if not DataType.is_string(array.type) or not wrong.any():
        return missing, wrong
    empty = np.zeros(len(wrong), dtype=np.bool_)
    places = np.flatnonzero(wrong)
    empty[places] = [array[place].as_py() == "" for place in places.tolist()]
    return missing | empty, wrong & ~empty


def _spread(array: Array, absent: Mask, dtype: np.dtype) -> NDArray:  # type: ignore[type-arg]
    """The array's values at their places, zero where there is none."""
    if not array.null_count:
        return np.asarray(array.to_numpy()).astype(dtype, copy=False)
    places = np.zeros(len(absent), dtype=dtype)
    places[~absent] = keep(array, is_not_null(array)).to_numpy()
    return places


def _text(array: Array) -> Text:
    def text(place: int) -> str:
        try:
            return str(array[place].as_py())
        except (
            ArithmeticError,
            ValueError,
            TypeError,
        ) as error:  # a date that Python has not, for one
            return f"(cannot be shown: {error})"

    return text
