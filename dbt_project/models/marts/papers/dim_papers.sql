with latest as (
    select * from {{ ref('int_papers_latest') }}
),

contents as (
    select * from {{ ref('stg_raw__entry_contents') }}
),

readable as (
    select * from {{ ref('int_contents_readable') }}
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
    group by paper_id
),

listed as (
    select
        paper_id,
        min(listing_date) as first_listed_on,
        max(listing_date) as last_listed_on,
        count(*) as listing_count
    from {{ ref('fct_listings') }}
    group by paper_id
),

keywords as (
    select
        paper_id,
        min_by(keyword, position) as primary_keyword
    from {{ ref('int_paper_keywords') }}
    group by paper_id
),

-- One row: since which observation (UTC) any accepted load carries each field; null if none ever did.
fields as (
    select {{ first_seen_by_field() | indent(8) }}
    from {{ ref('ops_schema_drift') }}
),

-- Code and project page as listed, and what they mean: some pages are repositories, and some code is none.
links as (
    select
        latest.paper_id,
        code.code_url_as_listed,
        case
            when coalesce(code.code_repository, code.code_owner) is not null
                then concat('https://', coalesce(code.code_repository, code.code_owner))
        end as code_url,
        {{ lower_case('coalesce(code.code_repository, readable.project_repository)') }} as repository_id,
        case
            when code.code_repository is not null then 'code link'
            when readable.project_repository is not null then 'project page'
        end as repository_source,
        coalesce(readable.project_page, code.code_page) as project_url
    from latest
    inner join readable on latest.content_id = readable.content_id
    left join readable as code on latest.code_content_id = code.content_id
),

final as (
    select
        latest.paper_id,
        case
            when latest.paper_id not like 'title:%' and latest.paper_id not like 'hf:%' then latest.paper_id
        end as arxiv_id,
        readable.title,
        readable.display_title,
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
        links.code_url,
        links.code_url_as_listed,
        code.code_added_by,
        links.repository_id,
        links.repository_source,
        {{ field_status('code', 'coalesce(links.code_url, links.repository_id) is not null') }} as code_status,
        links.project_url,
        {{ field_status('project_page', 'links.project_url is not null') }} as project_page_status,
        case
            when latest.paper_id like 'hf:%'
                then concat('https://huggingface.co/papers/', substring(latest.paper_id, 4))
            when latest.paper_id not like 'title:%' then concat('https://huggingface.co/papers/', latest.paper_id)
        end as hf_url,
        case
            when latest.paper_id not like 'title:%' and latest.paper_id not like 'hf:%'
                then concat('https://arxiv.org/abs/', latest.paper_id)
        end as arxiv_url,
        case
            when contents.discussion_id is null then null
            when latest.paper_id like 'hf:%'
                then concat('https://huggingface.co/papers/', substring(latest.paper_id, 4), '#community')
            when latest.paper_id not like 'title:%'
                then concat('https://huggingface.co/papers/', latest.paper_id, '#community')
        end as discussion_url,
        contents.is_author_participating,
        contents.thumbnail_url,
        organizations.organization_id,
        {{ field_status('organization', 'organizations.organization_id is not null') }} as organization_status,
        {{ field_status('keywords', 'keywords.paper_id is not null') }} as keywords_status,
        keywords.primary_keyword,
        {{ submission_time('contents.submitted_at') }} as submitted_at,
        {{ submission_time_missing_reason('contents.submitted_at') }} as submitted_at_missing_reason,
        cast(contents.submitted_at as date) as submitted_on,
        contents.submitter_handle,
        contents.ai_summary,
        contents.ai_summary_model,
        {{ field_status('ai_summary', 'contents.ai_summary is not null') }} as ai_summary_status,
        observed.first_observed_at,
        observed.last_observed_at,
        observed.observation_count,
        observed.upvote_observation_count
    from latest
    inner join contents on latest.content_id = contents.content_id
    inner join readable on latest.content_id = readable.content_id
    left join contents as code on latest.code_content_id = code.content_id
    inner join observed on latest.paper_id = observed.paper_id
    left join listed on latest.paper_id = listed.paper_id
    inner join links on latest.paper_id = links.paper_id
    left join keywords on latest.paper_id = keywords.paper_id
    left join {{ ref('int_loads_with_cut_times') }} as cut on latest.load_id = cut.load_id
    cross join fields
    left join {{ ref('bridge_paper_organizations') }} as organizations on latest.paper_id = organizations.paper_id
)

select * from final
