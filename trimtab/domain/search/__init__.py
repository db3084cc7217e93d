"""MLflow's filter and order language: what a search asks for, said in text and turned into values.

`parse_filter` and `parse_orders` read a request and refuse, in MLflow's words, what the language does not have;
`predicate` and `sort_key` turn what they gave into functions of a `View`, which every searched entity can show.
"""

from trimtab.domain.search.comparisons import Comparison, Field, Kind, View
from trimtab.domain.search.filters import parse_filter
from trimtab.domain.search.matching import predicate
from trimtab.domain.search.orders import Order, parse_logged_model_orders, parse_orders
from trimtab.domain.search.sorting import sort_key

__all__ = [
    "Comparison",
    "Field",
    "Kind",
    "Order",
    "View",
    "parse_filter",
    "parse_logged_model_orders",
    "parse_orders",
    "predicate",
    "sort_key",
]
