"""What methods are called where people read: their own titles, as in the report; keys are for files and scripts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deface_compare.defacers import REGISTRY, external_methods


def titles_of_methods() -> dict[str, str]:
    """Titles by key of all methods that the command line knows."""
    return {method.key: method.title for method in (*REGISTRY, *external_methods())}


def titled(keys: Iterable[str], titles: Mapping[str, str]) -> dict[str, str]:
    """Keys by what each method is called; two that are called alike have their key behind the title.

    Parameters
    ----------
    keys : iterable of str
    titles : mapping of method key to title
        A method that is not there is called by its key.
    """
    named = {key: titles.get(key, key) for key in keys}
    names = list(named.values())
    return {title if names.count(title) == 1 else f"{title} [{key}]": key for key, title in named.items()}


def short_names(titles: Iterable[str]) -> dict[str, str]:
    """Titles without what stands in brackets, by title: for a legend, or over a narrow view. Two that then are alike stay."""
    short = {title: title.partition(" (")[0] for title in titles}
    alike = list(short.values())
    return {title: name if alike.count(name) == 1 else title for title, name in short.items()}
