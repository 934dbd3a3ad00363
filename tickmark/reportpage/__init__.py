"""The month on one page: `report.html`, one file to read, print and keep.

Lives here: turning the published tables of one month into one self-contained page.
Does not live here: reading the tables, choosing the month, writing the file (assets/report.py).
"""

from tickmark.reportpage.page import render

__all__ = ["render"]
