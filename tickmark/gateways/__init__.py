"""Log side: one module per gateway format, and the registry that names them.

A new format is one module here, one line below, one sample in `tests/readers/samples/`.
"""

from tickmark.formats import Format
from tickmark.gateways import (
    exchange_jsonl,
    litellm_spend_logs,
    litellm_standard_logging,
    openinference,
    openllmetry,
    otlp_genai,
)

FORMATS: dict[str, Format] = {
    module.FORMAT.name: module.FORMAT
    for module in (
        exchange_jsonl,
        litellm_spend_logs,
        litellm_standard_logging,
        openinference,
        openllmetry,
        otlp_genai,
    )
}
