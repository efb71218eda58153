select
    load_id,
    path as field_path,
    types as json_types,
    present as present_count,
    parents as parent_count,
    is_known
from {{ source('raw', 'fields_seen') }}
