"""Tickmark proves an LLM bill: pure Python that reads, counts and prices.

Lives here: readers, tokenizers, framing rules, prices, money, months, the simulator.
Does not live here: Dagster, SQL, the clock, the network, the environment. Paths are handed in.
"""

__version__ = "0.1.0"
