with listed as (
    select
        forms.spelling,
        coalesce(merged.keyword, forms.folded) as keyword,
        merged.reason
    from {{ ref('int_content_keywords') }} as forms
    left join {{ ref('int_keyword_merges') }} as merged on forms.folded = merged.folded
    where
        forms.spelling <> coalesce(merged.keyword, forms.folded)
        and forms.content_id in (select content_id from {{ ref('int_papers_latest') }})
),

-- The reviewed list has its own spellings too.
spellings as (
    select
        spelling,
        keyword,
        reason
    from listed
    union
    select
        folded as spelling,
        keyword,
        reason
    from {{ ref('int_keyword_merges') }}
    where reason = 'reviewed'
)

select
    spelling as alias,
    keyword,
    case
        when replace(replace(spelling, '-', ''), ' ', '') = replace(keyword, ' ', '') then 'spaces or hyphens'
        when reason in ('reviewed', 'abbreviation') then reason
        when spelling like '% (%' then 'brackets'
        else 'number or signs'
    end as reason
from spellings
