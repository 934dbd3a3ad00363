"""Log side: one module per gateway format, and the registry that names them.

A new format is one module here, one line below, one sample in `tests/readers/samples/`.
"""

from tickmark.formats import Format
from tickmark.gateways import (
    bifrost,
    cloudflare_ai_gateway,
    envoy_ai_gateway,
    exchange_jsonl,
    helicone,
    kong_ai,
    langfuse_observations,
    litellm_spend_logs,
    portkey,
    vercel_ai_gateway,
)

FORMATS: dict[str, Format] = {
    format_.name: format_
    for format_ in (
        exchange_jsonl.FORMAT,
        litellm_spend_logs.FORMAT,
        langfuse_observations.FORMAT,
        helicone.FORMAT,
        portkey.FORMAT,
        cloudflare_ai_gateway.FORMAT,
        bifrost.FORMAT,
        kong_ai.FORMAT,
        envoy_ai_gateway.FORMAT,
        vercel_ai_gateway.FORMAT,
    )
}
