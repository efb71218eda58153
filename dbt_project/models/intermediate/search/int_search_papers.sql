-- One row per paper in the search index, with the number of its present text and what a query filters by.
select
    texts.paper_id,
    numbers.paper_number,
    numbers.word_count,
    papers.first_listed_on,
    papers.last_listed_on,
    {{ search_facts('papers') }} as facts
from {{ ref('int_search_texts') }} as texts
inner join {{ ref('int_search_numbers') }} as numbers on texts.fingerprint = numbers.fingerprint
inner join {{ ref('dim_papers') }} as papers on texts.paper_id = papers.paper_id
order by numbers.paper_number
