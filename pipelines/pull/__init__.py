"""Collectors: usage and cost pages of a provider, and vocabularies of a hub, fetched into a home.

A new report is one line in `reports.py`; a new provider is one entry there.
Does not live here: what a page means (tickmark/invoices/), and how pages are swapped (tickmark/pagesets.py).
"""
