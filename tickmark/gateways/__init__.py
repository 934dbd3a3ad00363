"""Log side: one module per gateway format, and the registry that names them.

A new format is one module here, one line below, one sample in `tests/readers/samples/`.
"""

from tickmark.formats import Format
from tickmark.gateways import (
    anthropic_message_batches,
    azure_apim_llm_logs,
    bedrock_invocation_logs,
    bifrost,
    claude_code_sessions,
    cloudflare_ai_gateway,
    codex_sessions,
    envoy_ai_gateway,
    exchange_jsonl,
    helicone,
    kong_ai,
    langfuse_observations,
    litellm_spend_logs,
    litellm_standard_logging,
    openai_batch_output,
    openinference,
    openllmetry,
    openrouter_activity_csv,
    openrouter_generations,
    otlp_genai,
    portkey,
    vercel_ai_gateway,
)

FORMATS: dict[str, Format] = {
    module.FORMAT.name: module.FORMAT
    for module in (
        anthropic_message_batches,
        azure_apim_llm_logs,
        bedrock_invocation_logs,
        bifrost,
        claude_code_sessions,
        cloudflare_ai_gateway,
        codex_sessions,
        envoy_ai_gateway,
        exchange_jsonl,
        helicone,
        kong_ai,
        langfuse_observations,
        litellm_spend_logs,
        litellm_standard_logging,
        openai_batch_output,
        openinference,
        openllmetry,
        openrouter_activity_csv,
        openrouter_generations,
        otlp_genai,
        portkey,
        vercel_ai_gateway,
    )
}
