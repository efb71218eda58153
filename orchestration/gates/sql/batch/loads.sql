-- The frame of the loads of the batch gate: one row per load in checked_loads. Reads the frame of the entries
-- (entries.sql) as checked_entries, so that a fall of upvotes is computed once.
with pending as (
    select *
    from raw.loads
    where load_id in (select load_id from checked_loads)
),

trusted as (
    select *
    from raw.loads
    where verdict in ('pending', 'accepted')
),

entry_counts as (
    select
        load_id,
        count(*) filter (where submitted_on <> listed_on) as elsewhere,
        count(submitted_on) as dated,
        count(fall_unexplained) as compared,
        count(*) filter (where fall_unexplained > 0) as fallen
    from checked_entries
    group by load_id
),

-- Listings that were observed late enough to be nearly complete.
finished as (
    select listing_date, max(received) as received, bool_or(verdict = 'accepted') as is_accepted
    from trusted
    where
        kind = 'daily'
        and observed_at >= listing_date + interval 20 hours
        and listing_date between (select min(listing_date) - cast($history_days as integer) from pending)
        and (select max(listing_date) + cast($history_days as integer) from pending)
    group by listing_date
),

-- The usual volume of the same weekday, with a tolerance from its spread.
usual as (
    select
        pending.load_id,
        count(*) as dates,
        median(finished.received) as middle,
        greatest(7.5 * mad(finished.received), 0.6 * median(finished.received), 5) as tolerance,
        count(*) filter (where is_accepted) as accepted_dates,
        count(*) filter (where is_accepted and finished.received = 0) as empty_dates
    from pending
    inner join finished
        on
            isodow(finished.listing_date) = isodow(pending.listing_date)
            and finished.listing_date <> pending.listing_date
            and abs(date_diff('day', finished.listing_date, pending.listing_date)) <= $history_days
    where pending.kind = 'daily'
    group by pending.load_id
),

seen_later as (
    select distinct pending.load_id
    from pending
    inner join trusted as earlier
        on
            earlier.payload_sha256 = pending.payload_sha256
            and earlier.load_number < pending.load_number
            and earlier.observed_at > pending.observed_at
    where pending.received > 0
),

ranked as (
    select
        load_id,
        format,
        load_id in (select load_id from checked_loads) as is_checked,
        row_number() over (partition by format order by observed_at, load_number) as place
    from trusted
    where
        entries >= 5
        and observed_at >= (select min(observed_at) - interval 90 days from raw.loads where verdict = 'pending')
),

-- Fields of an entry, its paper and its authors in the loads of the same format before each checked load.
usual_fields as (
    select
        later.load_id,
        fields.path,
        list(distinct fields.types) as types,
        count(*) = $drift_loads and bool_and(fields.present = fields.parents) as is_always_there
    from ranked as later
    inner join ranked as before
        on before.format = later.format and before.place between later.place - $drift_loads and later.place - 1
    inner join raw.fields_seen as fields on fields.load_id = before.load_id
    where later.is_checked and regexp_matches(fields.path, '^(paper\.)?(authors\[\]\.)?[^.]+$')
    group by later.load_id, fields.path
),

drifted as (
    select
        usual_fields.load_id,
        count(*) filter (where fields.path is null and is_always_there) as vanished_fields,
        count(*) filter (where not list_contains(usual_fields.types, fields.types)) as retyped_fields
    from usual_fields
    left join raw.fields_seen as fields
        on fields.load_id = usual_fields.load_id and fields.path = usual_fields.path
    group by usual_fields.load_id
),

unknown as (
    select
        load_id,
        count(*) filter (where not is_known) as unknown_fields,
        count(*) filter (where not is_known) / count(*) as unknown_share
    from raw.fields_seen
    where load_id in (select load_id from pending)
    group by load_id
),

-- Empty listings of weekdays. Expected: from Christmas to New Year, on Independence Day and on Thanksgiving, and where
-- most finished listings of the same weekday were empty lately.
weekdays as (
    select
        pending.load_id,
        received = 0
        and kind = 'daily'
        and isodow(listing_date) < 6
        and observed_at >= listing_date + interval 24 hours as is_empty,
        (month(listing_date) = 12 and day(listing_date) >= 24)
        or (month(listing_date) = 1 and day(listing_date) <= 2)
        or (month(listing_date) = 7 and day(listing_date) = 4)
        or (month(listing_date) = 11 and isodow(listing_date) = 4 and day(listing_date) between 22 and 28)
        or (accepted_dates >= 3 and empty_dates > accepted_dates / 2) as is_excused
    from pending
    left join usual using (load_id)
)

select
    load_id,
    source,
    kind,
    case when kind = 'daily' then strftime(served_date, '%Y-%m-%d') end as served_on,
    case when kind = 'daily' then strftime(listing_date, '%Y-%m-%d') end as listed_on,
    case when elsewhere >= 2 and kind = 'daily' then elsewhere / dated else 0.0 end as share_submitted_elsewhere,
    case when compared >= 3 then fallen / compared end as share_fallen,
    is_empty and not coalesce(is_excused, false) as is_empty_weekday,
    is_empty and coalesce(is_excused, false) as is_excused_empty,
    case
        when dates >= $min_history_dates and observed_at >= listing_date + interval 20 hours
            then round((received - middle) / tolerance, 2)
    end as volume_deviation,
    refused / greatest(received, 1) as refused_share,
    refused as refused_count,
    kind = 'daily'
    and received = 50
    and payload_count = 1
    and not regexp_matches(source, '[?&]limit=') as is_cap_sized,
    epoch(observed_at) - epoch(cast($now as timestamp)) as seconds_ahead,
    case
        when kind = 'daily' then (epoch(observed_at) - epoch(cast(listing_date as timestamp))) / 3600
    end as hours_after_listing_began,
    seen_later.load_id is not null as is_seen_later_already,
    coalesce(unknown_fields, 0) as unknown_fields,
    coalesce(unknown_share, 0.0) as unknown_share,
    coalesce(vanished_fields, 0) as vanished_fields,
    coalesce(retyped_fields, 0) as retyped_fields
from pending
left join weekdays using (load_id)
left join entry_counts using (load_id)
left join usual using (load_id)
left join seen_later using (load_id)
left join drifted using (load_id)
left join unknown using (load_id)
order by load_number
