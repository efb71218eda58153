select
    alias,
    keyword
from {{ ref('keyword_aliases') }}
