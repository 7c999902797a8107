"""What a table of an export is made of."""

from dataclasses import dataclass
from enum import StrEnum


class Type(StrEnum):
    """What the values of a column are. An empty cell, or null, means that there is no value."""

    ID = "id"
    PERSON = "person"
    TEXT = "text"
    WHOLE = "integer"
    NUMBER = "number"
    FLAG = "true or false"
    TIME = "time"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `source` is the model and field that it comes from, or how it is computed."""

    name: str
    type: Type
    meaning: str
    source: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table, whose file has its name."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
