"""Log side: one module per gateway format, and the registry that names them.

A new format is one module here, one line below, one sample in `tests/readers/samples/`.
"""

from tickmark.formats import Format
from tickmark.gateways import exchange_jsonl, langfuse_observations, litellm_spend_logs

FORMATS: dict[str, Format] = {
    format_.name: format_
    for format_ in (exchange_jsonl.FORMAT, langfuse_observations.FORMAT, litellm_spend_logs.FORMAT)
}
