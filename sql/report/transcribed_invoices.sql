-- Invoices whose figures were read out of a PDF: a person must confirm the total. grain: month x invoice
select c.month, i.provider, i.account, i.invoice_id, f.file, i.billed_cost, i.billing_currency
from ingest.invoices i
join ingest.files f on f.file_no = i.file_no
cross join ingest.close c
where i.is_transcribed
order by i.provider, i.account, i.invoice_id, f.file
