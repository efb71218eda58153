-- One row per folded form that may be one keyword with another: of keys with several forms, of abbreviations and their
-- long forms, and of the reviewed list. The other forms need no counts.
with listed_pairs as (
    select
        alias as folded,
        keyword
    from {{ ref('keyword_aliases') }}
    union
    select
        keyword as folded,
        keyword
    from {{ ref('keyword_aliases') }}
),

reviewed as (
    select
        folded,
        {{ keyword_key('folded') }} as keyword_key,
        keyword
    from listed_pairs
    -- The list keeps these apart from forms that differ in spaces alone.
    where folded not in (select alias from {{ ref('keyword_aliases') }} where alias = keyword)
),

shown as (
    select initials
    from {{ ref('int_content_keywords') }}
    where is_with_abbreviation
    group by initials
),

keys as (
    select keyword_key from {{ ref('int_content_keywords') }} group by keyword_key having min(folded) <> max(folded)
    union
    select keyword_key from {{ ref('int_content_keywords') }} where initials in (select initials from shown)
    union
    select initials as keyword_key from shown
    union
    select keyword_key from reviewed
),

counted as (
    select
        listed.folded,
        listed.keyword_key,
        listed.initials,
        count(*) as paper_count,
        sum(case when listed.is_with_abbreviation then 1 else 0 end) as shown_count,
        cast(null as {{ dbt.type_string() }}) as reviewed_keyword
    from {{ ref('int_papers_latest') }} as latest
    inner join {{ ref('int_content_keywords') }} as listed on latest.content_id = listed.content_id
    inner join keys on listed.keyword_key = keys.keyword_key
    where listed.folded not in (select alias from {{ ref('keyword_aliases') }} where alias = keyword)
    group by listed.folded, listed.keyword_key, listed.initials
    union all
    select
        folded,
        keyword_key,
        cast(null as {{ dbt.type_string() }}) as initials,
        0 as paper_count,
        0 as shown_count,
        keyword as reviewed_keyword
    from reviewed
)

select
    folded,
    keyword_key,
    max(initials) as initials,
    cast(sum(paper_count) as {{ dbt.type_bigint() }}) as paper_count,
    cast(sum(shown_count) as {{ dbt.type_bigint() }}) as shown_count,
    min(reviewed_keyword) as reviewed_keyword
from counted
group by folded, keyword_key
