select
    load_id,
    position,
    reason_code,
    field_path,
    detail,
    record
from {{ source('raw', 'quarantine') }}
