-- The fields of an entry besides its counts, once per distinct content. Join it with accepted entries only.
select
    content_id,
    paper_id as listed_paper_id,
    -- An entry whose title can't be read is shown by its id.
    case when title = '' then paper_id else title end as title,
    title_key,
    abstract,
    published_at,
    published_on,
    submitted_at,
    author_count,
    organization_id as listed_organization_id,
    organization_slug as listed_slug,
    organization_name as listed_name,
    organization_slug_key as slug_key,
    organization_name_key as name_key,
    submitter_account_id,
    submitter_handle,
    submitter_name,
    code_url,
    project_url,
    ai_summary,
    ai_keywords,
    discussion_id,
    thumbnail_url,
    is_author_participating,
    extra
from {{ source('raw', 'entry_contents') }}
