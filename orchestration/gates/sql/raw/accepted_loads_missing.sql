-- Accepted loads that the models lack, and those with fewer entries in the models than in the raw tables.
-- Entries without an id in the payload are left out: the models decide of which paper they are. So are those of the
-- trending list, which lists nothing on a date.
with accepted as (
    select loads.load_id, count(entries.paper_id) filter (loads.kind <> 'trending') as entries
    from raw_tables.raw.loads as loads
    left join raw_tables.raw.entries as entries on loads.load_id = entries.load_id
    where loads.verdict = 'accepted'
    group by loads.load_id
),

built as (
    select load_id, count(*) as entries
    from intermediate.int_entries_identified
    group by load_id
)

select accepted.load_id, accepted.entries as entries_accepted, coalesce(built.entries, 0) as entries_built
from accepted
left join built on accepted.load_id = built.load_id
left join marts.ops_loads as known on accepted.load_id = known.load_id
where known.verdict is distinct from 'accepted' or accepted.entries > coalesce(built.entries, 0)
