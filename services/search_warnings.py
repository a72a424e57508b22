"""Says why a search found nothing: a collection, a column or a value that nothing has.

It looks only where a search found nothing, or leaves out items by a column that may be misspelt, or
names several collections; so other searches pay nothing for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import store.columns
import store.search
from messages import Message, cite, say
from services.near_names import find_near, name_near
from services.runtime import Runtime
from services.search import Query
from store.columns import ColumnValues
from store.filters import Condition
from store.search import Hit
from texts import visible_text

# What is near is looked for among so many collections, and in so many of the newest items.
MOST_NAMES = 10_000
MOST_ITEMS = 5_000
MOST_VALUES = 500
# So many values are looked up one by one for a request: a filter may name thousands.
MOST_LOOKUPS = 20
# The longest list of warnings, and the most characters that one shows of a name.
MOST_WARNINGS = 20
SHOWN_CHARS = 60


class SearchWarnings:
    """The warnings of one request's searches, which look at each collection once.

    All of them see the same collections, and what they say comes from these alone.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._pool = runtime.pool
        self._names: list[str] | None = None
        self._lookups = 0
        self._columns: dict[tuple[str, ...] | None, dict[str, ColumnValues]] = {}

    def find(self, query: Query, hits: Sequence[Hit]) -> list[Message]:
        """Return what is wrong with a query that found these hits, as sentences for a person."""
        found = [*self._check_collections(query, hits), *self._check_filter(query, hits)]
        return found[:MOST_WARNINGS]

    def _check_collections(self, query: Query, hits: Sequence[Hit]) -> Iterator[Message]:
        missing = set(query.collections or ()) - {hit.collection for hit in hits}
        if not missing or (hits and len(query.collections or ()) == 1):
            return
        if self._names is None:
            self._names = store.columns.list_names(self._pool, MOST_NAMES, query.visible)
        if len(self._names) < MOST_NAMES:
            for name in sorted(missing - set(self._names)):
                said = say("No collection named {name!r} holds items.", name=name)
                yield name_near(said, find_near(name, self._names))

    def _check_filter(self, query: Query, hits: Sequence[Hit]) -> Iterator[Message]:
        conditions = query.metadata or ()
        if hits:
            conditions = [condition for condition in conditions if condition.negated]
        elif not conditions or self._keeps_any(query, conditions):
            return
        columns = self._list_columns(query) if conditions else {}
        if conditions and not columns and not hits and not self._keeps_any(query, None):
            # The collection is what is wrong.
            return
        said = [*self._explain(query, conditions, columns)]
        yield from said
        if not said and not hits:
            names = sorted({_show(one.column) for one in conditions})
            if len(names) == 1:
                yield say("No item has what the filter asks of {name}.", name=names[0])
            else:
                wanted = _list_names(names)
                yield say("No item has what the filter asks of {names} together.", names=wanted)

    def _keeps_any(self, query: Query, conditions: Sequence[Condition] | None) -> bool:
        return store.search.has_items(self._pool, query.searched, conditions)

    def _explain(
        self, query: Query, conditions: Sequence[Condition], columns: dict[str, ColumnValues]
    ) -> Iterator[Message]:
        for condition in conditions:
            name = visible_text(condition.column)
            column = columns.get(name)
            if column is None:
                said = say("No item that was looked at has a column {name}.", name=_show(name))
                yield name_near(said, find_near(name, columns))
            elif not condition.negated:
                values = [value for value in condition.values if visible_text(value)]
                yield from (
                    name_near(_miss(name, visible_text(value)), find_near(value, column.common))
                    for value in values
                    if self._lacks(query, condition, value, column)
                )

    def _lacks(self, query: Query, condition: Condition, value: str, column: ColumnValues) -> bool:
        """Return whether no item has a value, as far as that is looked for.

        Not all of a column's values may have been read.
        """
        if visible_text(value) in column.common:
            return False
        if column.values == len(column.common):
            return True
        if self._lookups == MOST_LOOKUPS:
            return False
        self._lookups += 1
        return not self._keeps_any(query, [replace(condition, values=(value,))])

    def _list_columns(self, query: Query) -> dict[str, ColumnValues]:
        searched = query.searched
        key = None if searched is None else tuple(searched)
        if key not in self._columns:
            found = store.columns.list_columns(
                self._pool, searched, common=MOST_VALUES, items=MOST_ITEMS
            )
            self._columns[key] = {column.name: column for column in found}
        return self._columns[key]


def _miss(name: str, value: str) -> Message:
    return say(
        "No item that was looked at has {value} in the column {name}.",
        value=_show(value),
        name=_show(name),
    )


def _list_names(names: Sequence[str]) -> Message:
    listed = cite(names[0])
    for name in names[1:]:
        listed = say("{names} and {name}", names=listed, name=name)
    return listed


def _show(name: str) -> str:
    return repr(name if len(name) <= SHOWN_CHARS else f"{name[:SHOWN_CHARS]}…")
