select
    quarantine.load_id,
    loads.load_source,
    loads.listing_date,
    loads.observed_at,
    quarantine.position,
    quarantine.reason_code,
    quarantine.field_path,
    quarantine.detail,
    quarantine.record
from {{ ref('stg_raw__quarantine') }} as quarantine
inner join {{ ref('stg_raw__loads') }} as loads on quarantine.load_id = loads.load_id
