-- The causes the bridge can name; codes are those of docs/causes.md. grain: cause
select *
from (
    values
    (1, 'population', 'D02', 'billed by the provider, not in our logs', true),
    (1, 'population', 'D07', 'retries the gateway folded into one row', true),
    (1, 'population', 'D11', 'in our logs, not billed by the provider (or logged twice)', true),
    (2, 'period', 'D50', 'billed on another day of the month', false),
    (3, 'quantity', 'D14', 'logged without a token count', true),
    (3, 'quantity', 'D22', 'provider counted other token numbers for the same requests', true),
    (3, 'quantity', 'no_usage_export', 'cost report without quantities: price and quantity cannot be told apart', true),
    (4, 'classification', 'D27', 'tokens billed at another class than the log shows', true),
    (4, 'classification', 'D31', 'served at another tier than the log shows', true),
    (4, 'classification', 'no_classes', 'logged as a total: which input was cached is unknown', true),
    (5, 'price', 'D35', 'no price known: our side is unpriced', true),
    (5, 'price', 'D54', 'billed at another rate than the rate book', true),
    (5, 'price', 'time_of_day', 'billed at the price of another hour of the day', true),
    (6, 'fees', 'D39', 'per-call and other charges beyond what the logs show', true),
    (6, 'fees', 'fees', 'per-call charges that the logs show', false),
    (7, 'rounding', 'D45', 'rounding of the invoice, inside its bound', false),
    (8, 'credits, tax', 'D52', 'tax', false),
    (8, 'credits, tax', 'D53', 'credits and adjustments', false),
    (9, 'unexplained', 'unexplained', 'no cause proved', true)
) as t (step_no, step, cause_code, cause, is_break)
order by step_no, cause_code
