-- The frame of the entries of the batch gate: one row per entry of the loads in checked_loads.
-- The history of a paper is all its accepted and pending observations, so that a verdict does not depend on which load
-- arrived first. Rejected loads and times guessed from a file are no evidence, nor is the trending list: it must not
-- decide about a listing.
-- `known` is materialized, so that the papers of the checked loads narrow the scan of all entries to the row groups
-- that may hold them.
with candidates as (
    select entries.*, loads.kind, loads.listing_date, loads.observed_at, loads.observed_at_basis, loads.load_number
    from raw.entries as entries
    inner join raw.loads as loads using (load_id)
    where loads.load_id in (select load_id from checked_loads)
),

known as materialized (
    select load_id, paper_id, upvotes
    from raw.entries
    where upvotes is not null and paper_id in (select paper_id from candidates)
),

history as (
    select known.paper_id, known.upvotes, loads.observed_at
    from known
    inner join raw.loads as loads using (load_id)
    where
        loads.verdict in ('pending', 'accepted')
        and loads.observed_at_basis <> 'file time'
        and loads.kind is distinct from 'trending'
),

compared as (
    select candidates.*, history.upvotes as upvotes_before
    from candidates
    asof left join history
        on candidates.paper_id = history.paper_id and candidates.observed_at > history.observed_at
)

select
    compared.load_id,
    compared.position,
    compared.paper_id,
    case
        when kind = 'daily' then compared.paper_id else coalesce(compared.paper_id, compared.title_key)
    end as identity,
    -- A daily entry without a title is known by its id.
    coalesce(nullif(compared.title_key, ''), compared.paper_id, '') as title_key,
    compared.upvotes,
    compared.comments,
    case when kind = 'daily' then upvotes else 0 end as daily_upvotes,
    case
        when observed_at_basis <> 'file time' and upvotes_before > upvotes
            then upvotes_before - upvotes - greatest($max_withdrawn, floor($max_withdrawn_share * upvotes_before))
        when upvotes_before is not null and observed_at_basis <> 'file time' then 0
    end as fall_unexplained,
    strftime(contents.submitted_at, '%Y-%m-%d') as submitted_on,
    case when kind = 'daily' then strftime(listing_date, '%Y-%m-%d') end as listed_on
from compared
inner join raw.entry_contents as contents using (content_id)
order by load_number, compared.position
