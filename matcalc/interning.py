"""Hash-consing: equal nodes are one object, so equality is identity and a memo a dictionary."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from matcalc.budget import tick

T = TypeVar("T", bound=object)


class Table(Generic[T]):
    """The living nodes of one notation by kind and fields, held weakly; safe in several threads."""

    def __init__(self) -> None:
        self._nodes: dict[Hashable, weakref.ref[T]] = {}
        self._lock = threading.RLock()

    def get(self, key: Hashable, make: Callable[..., T], *fields: Any) -> T:
        """The one node of that key, made of the fields if there is none."""
        reference = self._nodes.get(key)
        if reference is not None:
            node = reference()
            if node is not None:
                return node
        return self._add(key, make, fields)

    def _add(self, key: Hashable, make: Callable[..., T], fields: tuple[Any, ...]) -> T:
        tick()
        with self._lock:
            reference = self._nodes.get(key)
            node = reference() if reference is not None else None
            if node is None:
                node = make(*fields)
                self._nodes[key] = weakref.ref(node, lambda dead: self._forget(key, dead))
            return node

    def _forget(self, key: Hashable, dead: weakref.ref[T]) -> None:
        with self._lock:
            if self._nodes.get(key) is dead:
                del self._nodes[key]
