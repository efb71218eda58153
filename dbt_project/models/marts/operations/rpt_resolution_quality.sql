select
    labelled_set,
    measure,
    value,
    baseline,
    mentions as mention_count,
    persons as person_count,
    method
from {{ ref('resolution_quality') }}
