{{ built_by_paper(['{{ forget_papers_of_other_organizations() }}']) }}
-- depends_on: {{ ref('int_papers_fingerprinted') }} {{ ref('bridge_paper_organizations') }}
with latest as (
    select * from {{ ref('int_papers_latest') }}
    where {{ is_of_missing_paper() }}
),

contents as (
    select * from {{ ref('stg_raw__entry_contents') }}
),

observed as (
    select
        paper_id,
        min(observed_at) as first_observed_at,
        max(observed_at) as last_observed_at,
        count(*) as observation_count,
        count(upvotes) as upvote_observation_count,
        max_by(upvotes, case when upvotes is not null then observed_at end) as upvotes
    from {{ ref('fct_upvote_observations') }}
    where {{ is_of_missing_paper() }}
    group by paper_id
),

listed as (
    select
        paper_id,
        min(listing_date) as first_listed_on,
        max(listing_date) as last_listed_on,
        count(*) as listing_count
    from {{ ref('fct_listings') }}
    where {{ is_of_missing_paper() }}
    group by paper_id
),

final as (
    select
        latest.paper_id,
        case when latest.paper_id not like 'title:%' then latest.paper_id end as arxiv_id,
        {{ normalize_space('contents.title') }} as title,
        contents.abstract,
        contents.published_at,
        coalesce(contents.published_on, cast(contents.published_at as date)) as published_on,
        listed.first_listed_on,
        listed.last_listed_on,
        coalesce(listed.listing_count, 0) as listing_count,
        contents.author_count,
        observed.upvotes,
        latest.comments,
        latest.github_stars,
        code.code_url,
        contents.project_url,
        case
            when latest.paper_id not like 'title:%' then concat('https://huggingface.co/papers/', latest.paper_id)
        end as hf_url,
        case
            when latest.paper_id not like 'title:%' then concat('https://arxiv.org/abs/', latest.paper_id)
        end as arxiv_url,
        organizations.organization_id,
        contents.submitted_at,
        contents.submitter_handle,
        contents.ai_summary,
        observed.first_observed_at,
        observed.last_observed_at,
        observed.observation_count,
        observed.upvote_observation_count
    from latest
    inner join contents on latest.content_id = contents.content_id
    inner join observed on latest.paper_id = observed.paper_id
    left join listed on latest.paper_id = listed.paper_id
    left join contents as code on latest.code_content_id = code.content_id
    left join {{ ref('bridge_paper_organizations') }} as organizations on latest.paper_id = organizations.paper_id
)

select * from final
