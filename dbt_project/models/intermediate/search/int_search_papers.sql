-- One row per paper in the search index, with the number of its present text.
select
    texts.paper_id,
    numbers.paper_number,
    numbers.word_count
from {{ ref('int_search_texts') }} as texts
inner join {{ ref('int_search_numbers') }} as numbers on texts.fingerprint = numbers.fingerprint
