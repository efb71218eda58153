-- Every load with its verdict, accepted or not.
select
    load_id,
    load_number,
    format,
    kind,
    source as load_source,
    listing_date,
    served_date,
    observed_at,
    observed_at_basis,
    landed_at,
    landing_note,
    payload_count,
    payload_bytes,
    payload_sha256,
    received as received_count,
    entries as entry_count,
    refused as refused_count,
    verdict,
    verdict_by,
    verdict_reason,
    -- Loads that an older version handed over have none.
    coalesce(capture_kind, 'daily') as capture_kind,
    paper_id,
    http_status
from {{ source('raw', 'loads') }}
