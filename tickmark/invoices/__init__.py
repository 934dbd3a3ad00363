"""Bill side: one module per provider document, and the registry that names them.

A new document is one module here, one line below, one sample in `tests/readers/samples/`.
"""

from tickmark.formats import Format
from tickmark.invoices import (
    anthropic_analytics_cost,
    anthropic_analytics_usage,
    anthropic_console_cost_csv,
    anthropic_console_tokens_csv,
    anthropic_cost_report,
    anthropic_usage_report,
    aws_cur2,
    azure_cost_details,
    credits_csv,
    deepseek_amount_csv,
    deepseek_cost_csv,
    fireworks_costs_csv,
    fireworks_metrics_csv,
    focus_billing_period,
    focus_csv,
    focus_invoice_detail,
    gcp_billing_export,
    invoice_csv,
    invoice_pdf,
    mistral_usage,
    openai_cost_csv,
    openai_costs,
    openai_usage,
    openai_usage_completions,
    openai_usage_csv,
    openai_usage_embeddings,
    openrouter_activity,
    openrouter_credits,
    stripe_credits,
    stripe_invoices,
)

FORMATS: dict[str, Format] = {
    module.FORMAT.name: module.FORMAT
    for module in (
        anthropic_analytics_cost,
        anthropic_analytics_usage,
        anthropic_console_cost_csv,
        anthropic_console_tokens_csv,
        anthropic_cost_report,
        anthropic_usage_report,
        aws_cur2,
        azure_cost_details,
        credits_csv,
        deepseek_amount_csv,
        deepseek_cost_csv,
        fireworks_costs_csv,
        fireworks_metrics_csv,
        focus_billing_period,
        focus_csv,
        focus_invoice_detail,
        gcp_billing_export,
        invoice_csv,
        invoice_pdf,
        mistral_usage,
        openai_cost_csv,
        openai_costs,
        openai_usage,
        openai_usage_completions,
        openai_usage_csv,
        openai_usage_embeddings,
        openrouter_activity,
        openrouter_credits,
        stripe_credits,
        stripe_invoices,
    )
}
