"""Read the HTML of a report without a browser, so without its scripts."""

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder

import pandas as pd

# The folders of the predictions, by the names of the subsets.
FOLDERS = {"test set": "predictions", "cross-validation": "crossval"}

# The elements without an end tag.
VOID = {"br", "img", "link", "meta"}


class _Parser(HTMLParser):
    """Builds a tree of elements. Each element must be closed in its turn."""

    def __init__(self) -> None:
        super().__init__()
        self.builder = TreeBuilder()
        self.open_tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.builder.start(tag, {name: value or "" for name, value in attrs})
        if tag in VOID:
            self.builder.end(tag)
        else:
            self.open_tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open_tags.pop() == tag, f"line {self.getpos()[0]}: </{tag}>"
        self.builder.end(tag)

    def handle_data(self, data: str) -> None:
        self.builder.data(data)


def read_page(path: Path) -> Element:
    """Return the root element of a page, which must be well-formed."""
    parser = _Parser()
    parser.feed(path.read_text(encoding="utf-8"))
    parser.close()
    assert parser.open_tags == []
    return parser.builder.close()


def find(place: Element, path: str) -> Element:
    """Return the first element at a path, such as `.//p[@class='key']`. There must be one."""
    found = place.find(path)
    assert found is not None, path
    return found


def find_by_text(place: Element, tag: str, child_tag: str, text: str) -> Element:
    """Return the element with a tag that has a child with another tag and a text."""
    found = [
        element
        for element in place.iter(tag)
        if text in {text_of(child) for child in element.findall(child_tag)}
    ]
    assert len(found) == 1, f"{len(found)} times <{tag}> with <{child_tag}>{text}"
    return found[0]


def text_of(element: Element) -> str:
    """Return the text of an element and of all that is in it, with single spaces."""
    return " ".join("".join(element.itertext()).split())


def read_table(table: Element) -> Any:
    """Return the texts of a table as a DataFrame. Its columns are the last line of the head."""
    head, body = find(table, "thead"), find(table, "tbody")
    headings = [text_of(cell) for cell in head[-1]]
    rows = [[text_of(cell) for cell in row] for row in body]
    return pd.DataFrame(rows, columns=headings)


def read_predictions(project: Path, name: str, subset: str = "test set") -> Any:
    """Return the predictions of a model, with the column `is_wrong`."""
    table = pd.read_parquet(project / f"data/{FOLDERS[subset]}/{name}.parquet")
    return table.assign(is_wrong=table["label"] != table["prediction"])


def read_data(page: Element) -> dict[str, Any]:
    """Return what the scripts of the page read."""
    text = list(page.iter("script"))[-1].text
    assert text
    start = text.index("const data = ") + len("const data = ")
    data, _ = json.JSONDecoder().raw_decode(text, start)
    return data
