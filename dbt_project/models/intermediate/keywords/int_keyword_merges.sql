-- One row per folded form of a keyword that is counted as another form, and why.
with reviewed as (
    select
        keyword_key,
        min(reviewed_keyword) as keyword
    from {{ ref('int_keyword_forms') }}
    where reviewed_keyword is not null
    group by keyword_key
),

readings as (
    select
        initials,
        keyword_key,
        sum(paper_count) as paper_count,
        sum(shown_count) as shown_count
    from {{ ref('int_keyword_forms') }}
    where initials <> ''
    group by initials, keyword_key
),

-- An abbreviation stands for the long form that at least three quarters of the papers with these initials list, two at
-- least, and that a paper shows it with, as in "chain-of-thought (CoT)": two for two letters, which stand for much.
abbreviations as (
    select
        initials as keyword_key,
        max_by(keyword_key, paper_count) as long_key
    from readings
    group by initials
    having
        max(paper_count) > 1
        and 4 * max(paper_count) >= 3 * sum(paper_count)
        and max_by(shown_count, paper_count) > case when length(initials) > 2 then 0 else 1 end
),

-- The form that most papers list; of equal ones the first in order of letters.
ranked as (
    select
        keyword_key,
        folded,
        row_number()
            over (partition by keyword_key order by paper_count desc nulls last, folded asc nulls last)
            as place
    from {{ ref('int_keyword_forms') }}
),

named as (
    select
        forms.folded,
        coalesce(own.keyword, of_long_form.keyword, ranked.folded) as keyword,
        case
            when own.keyword is not null then 'reviewed'
            when abbreviations.long_key is not null then 'abbreviation'
            else 'same key'
        end as reason
    from {{ ref('int_keyword_forms') }} as forms
    left join abbreviations on forms.keyword_key = abbreviations.keyword_key
    left join reviewed as own on forms.keyword_key = own.keyword_key
    left join reviewed as of_long_form on abbreviations.long_key = of_long_form.keyword_key
    left join ranked on coalesce(abbreviations.long_key, forms.keyword_key) = ranked.keyword_key and ranked.place = 1
)

select
    folded,
    keyword,
    reason
from named
where folded <> keyword
