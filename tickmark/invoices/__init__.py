"""Bill side: one module per provider document, and the registry that names them.

A new document is one module here, one line below, one sample in `tests/readers/samples/`.
"""

from tickmark.formats import Format
from tickmark.invoices import (
    anthropic_cost_report,
    anthropic_usage_report,
    credits_csv,
    focus_csv,
    invoice_csv,
    openai_costs,
    openai_usage_completions,
    openai_usage_embeddings,
    openrouter_activity,
    openrouter_credits,
)

FORMATS: dict[str, Format] = {
    format_.name: format_
    for format_ in (
        anthropic_cost_report.FORMAT,
        anthropic_usage_report.FORMAT,
        credits_csv.FORMAT,
        focus_csv.FORMAT,
        invoice_csv.FORMAT,
        openai_costs.FORMAT,
        openai_usage_completions.FORMAT,
        openai_usage_embeddings.FORMAT,
        openrouter_activity.FORMAT,
        openrouter_credits.FORMAT,
    )
}
