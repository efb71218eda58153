-- question: What did the warehouse quarantine, and why?
-- grain: one row per reason code
-- columns: payloads counts whole captures, records single entries of otherwise good listings
-- empty: nothing is quarantined.
select
    reason_code,
    count(*) filter (where position is null) as payloads,
    count(*) filter (where position is not null) as records,
    min(observed_at) as first_observed_at,
    max(observed_at) as last_observed_at,
    any_value(detail) as example
from marts.ops_quarantine
group by reason_code
order by payloads + records desc, reason_code
