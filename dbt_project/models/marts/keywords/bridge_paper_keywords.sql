select
    paper_id,
    keyword
from {{ ref('int_paper_keywords') }}
