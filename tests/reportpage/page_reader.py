"""Reads a rendered page the way a reader does: elements, tables, figures."""

from dataclasses import dataclass, field
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

Attributes = dict[str, str | None]


@dataclass
class Cell:
    text: str = ""
    titles: list[str] = field(default_factory=list)

    @property
    def usd(self) -> Decimal:
        """The exact amount: its tooltip where it was rounded, else what is printed."""
        exact = [title.removesuffix(" USD exactly") for title in self.titles if title.endswith("exactly")]
        return Decimal(exact[0] if exact else self.text.replace("\N{MINUS SIGN}", "-"))


class Page(HTMLParser):
    """One parsed page; `tables` holds rows of cells, header rows included."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, Attributes]] = []
        self.tables: list[list[list[Cell]]] = []
        self.text = ""
        self._open = False
        self._style = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._style = tag == "style"
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append(Cell())
            self._open = True
        elif self._open and (title := dict(attrs).get("title")):
            self.tables[-1][-1][-1].titles.append(title)

    def handle_endtag(self, tag: str) -> None:
        self._style = False
        self._open = self._open and tag not in ("td", "th", "tr", "table")

    def handle_data(self, data: str) -> None:
        if not self._style:
            self.text += data
        if self._open:
            self.tables[-1][-1][-1].text += data

    def all(self, tag: str) -> list[Attributes]:
        return [attributes for name, attributes in self.elements if name == tag]

    def rows(self, first_header: str) -> list[list[Cell]]:
        """Body rows of the first table whose first header is this."""
        tables = [table for table in self.tables if table[0][0].text == first_header]
        return tables[0][1:]

    def column(self, first_header: str, column: int) -> list[Cell]:
        return [row[column] for row in self.rows(first_header)]


def meta(page: Page, equivalent: str) -> Any:
    return next(each["content"] for each in page.all("meta") if each.get("http-equiv") == equivalent)
