-- One row per accepted load whose submissions the source cut to the day: more than half of its times are 00:00:00. A
-- submission in the very millisecond of midnight is one in 86 million, so a list with several was cut; one among other
-- times is kept, and the only one of its list is not, as nothing shows which it is.
with midnights as (
    select content_id
    from {{ ref('stg_raw__entry_contents') }}
    where submitted_at = {{ midnight_of('submitted_at') }}
),

suspects as (
    select distinct entries.load_id
    from {{ ref('int_entries_identified') }} as entries
    inner join midnights on entries.content_id = midnights.content_id
),

timed as (
    select
        entries.load_id,
        count(contents.submitted_at) as time_count,
        count(midnights.content_id) as midnight_count
    from {{ ref('int_entries_identified') }} as entries
    inner join suspects on entries.load_id = suspects.load_id
    inner join {{ ref('stg_raw__entry_contents') }} as contents on entries.content_id = contents.content_id
    left join midnights on entries.content_id = midnights.content_id
    group by entries.load_id
)

select
    load_id,
    time_count,
    midnight_count
from timed
where midnight_count * 2 > time_count
