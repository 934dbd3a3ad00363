"""Collectors: the usage and cost pages of a provider, fetched into a home's landing folder.

A new report is one line in `reports.py`; a new provider is one entry there.
Does not live here: what a page means (tickmark/invoices/), and how pages are swapped (tickmark/pagesets.py).
"""
