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
        count(distinct submitted_on) as days,
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
        kind,
        load_id in (select load_id from checked_loads) as is_checked,
        coalesce(date_diff('hour', cast(listing_date as timestamp), observed_at) // 24, 0) as age_days,
        row_number() over (partition by format, kind order by observed_at, load_number) as place
    from trusted
    where
        entries >= 5
        and observed_at >= (select min(observed_at) - interval 90 days from raw.loads where verdict = 'pending')
),

-- Fields of an entry, its paper and its authors in the loads of the same format and kind before each checked load. Some
-- fields come days after their listing, so a listing that is older is no evidence that a younger one should have a field.
usual_fields as (
    select
        later.load_id,
        fields.path,
        list(distinct fields.types) as types,
        count(*) = $drift_loads
        and bool_and(fields.present = fields.parents and before.age_days <= later.age_days) as is_always_there
    from ranked as later
    inner join ranked as before
        on
            before.format = later.format
            and before.kind = later.kind
            and before.place between later.place - $drift_loads and later.place - 1
    inner join raw.fields_seen as fields on fields.load_id = before.load_id
    where later.is_checked and regexp_matches(fields.path, '^(paper\.)?(authors\[\]\.)?[^.]+$')
    group by later.load_id, fields.path
),

-- Fields that not every entry has, or that come late: compared with the first observation of other listings in the same
-- format at the same age in days. A week or more is one age.
aged as (
    select
        load_id,
        format,
        listing_date,
        observed_at,
        load_number,
        least(date_diff('hour', cast(listing_date as timestamp), observed_at) // 24, 7) as age_days
    from trusted
    where
        kind = 'daily'
        and entries >= 5
        and observed_at_basis <> 'file time'
        and observed_at >= (select min(observed_at) - interval 90 days from raw.loads where verdict = 'pending')
),

first_of_age as (
    select
        *,
        row_number() over (partition by format, age_days order by (moment).observed_at, (moment).load_number) as place
    from (
        select
            format,
            age_days,
            listing_date,
            min({'observed_at': observed_at, 'load_number': load_number, 'load_id': load_id}) as moment
        from aged
        group by format, age_days, listing_date
    ) as firsts
),

comparable as (
    select aged.load_id, (before.moment).load_id as before_id
    from aged
    inner join first_of_age as own using (format, age_days, listing_date)
    inner join first_of_age as before
        on
            before.format = own.format
            and before.age_days = own.age_days
            and before.place between own.place - $drift_loads and own.place - 1
    where aged.load_id in (select load_id from checked_loads)
),

entry_fields as materialized (
    select load_id, path, present, max(parents) over (partition by load_id) as objects
    from raw.fields_seen
    where
        is_known
        and regexp_matches(path, '^(paper\.)?[^.]+$')
        and load_id in (select load_id from comparable union select before_id from comparable)
),

sizes as (
    select load_id, max(objects) as objects
    from entry_fields
    group by load_id
),

usual_sizes as (
    select comparable.load_id, sum(sizes.objects) as objects
    from comparable
    inner join sizes on sizes.load_id = comparable.before_id
    group by comparable.load_id
    having count(*) = $drift_loads
),

usual_shares as (
    select comparable.load_id, before.path, least(sum(before.present) / any_value(usual_sizes.objects), 1) as share
    from comparable
    inner join usual_sizes using (load_id)
    inner join entry_fields as before on before.load_id = comparable.before_id
    group by comparable.load_id, before.path
),

-- Changes of fields, by load. A field has vanished if every object had it before, or so many that chance does not
-- explain that none has it now.
changes as (
    select load_id, 'unknown' as change, path
    from raw.fields_seen
    where not is_known and load_id in (select load_id from pending)
    union
    select usual_fields.load_id, 'vanished' as change, usual_fields.path
    from usual_fields
    anti join raw.fields_seen as fields on fields.load_id = usual_fields.load_id and fields.path = usual_fields.path
    where is_always_there
    union
    select usual_shares.load_id, 'vanished' as change, usual_shares.path
    from usual_shares
    inner join sizes using (load_id)
    anti join entry_fields as fields on fields.load_id = usual_shares.load_id and fields.path = usual_shares.path
    where power(1 - usual_shares.share, sizes.objects) < $max_chance
    union
    select usual_fields.load_id, 'retyped' as change, usual_fields.path
    from usual_fields
    inner join raw.fields_seen as fields
        on fields.load_id = usual_fields.load_id and fields.path = usual_fields.path
    where not list_contains(usual_fields.types, fields.types)
),

-- Their names: the first five of each kind of change.
named as (
    select
        load_id,
        change,
        concat(
            array_to_string(list(left(path, 80) order by path)[1:5], ', '),
            case when count(*) > 5 then concat(' and ', count(*) - 5, ' more') end
        ) as paths
    from changes
    group by load_id, change
),

drifted as (
    select
        load_id,
        max(paths) filter (where change = 'unknown') as unknown_fields,
        max(paths) filter (where change = 'vanished') as vanished_fields,
        max(paths) filter (where change = 'retyped') as retyped_fields
    from named
    group by load_id
),

unknown as (
    select load_id, count(*) filter (where not is_known) / count(*) as unknown_share
    from raw.fields_seen
    where load_id in (select load_id from pending)
    group by load_id
),

-- Listings as long as the longest of the weeks before, to the entry, as happens where the source has a cap.
longest as (
    select listing_date, max(received) as received
    from trusted
    where
        kind = 'daily'
        and listing_date between (select min(listing_date) - cast($history_days as integer) from pending)
        and (select max(listing_date) from pending)
    group by listing_date
),

equally_long as (
    select
        pending.load_id,
        count(*) filter (where longest.received = pending.received) as equal_dates,
        max(longest.received) as most_before
    from pending
    inner join longest
        on
            longest.listing_date < pending.listing_date
            and longest.listing_date >= pending.listing_date - cast($history_days as integer)
    where pending.kind = 'daily' and pending.received >= $min_cap
    group by pending.load_id
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
    case
        when kind = 'daily' then strftime(listing_date, '%Y-%m-%d')
        when kind = 'trending' then 'the trending list'
        when kind = 'paper' then concat('the paper ', paper_id)
        else source
    end as called,
    case when kind = 'daily' then strftime(served_date, '%Y-%m-%d') end as served_on,
    case when kind = 'daily' then strftime(listing_date, '%Y-%m-%d') end as listed_on,
    case when elsewhere >= 2 and kind = 'daily' then elsewhere / dated else 0.0 end as share_submitted_elsewhere,
    case when compared >= 3 then fallen / compared end as share_fallen,
    kind = 'trending' and entries = 0 as is_empty_trending,
    kind = 'trending' and coalesce(dated >= $min_trending_dated and days = 1, false) as is_trending_of_one_day,
    is_empty and not coalesce(is_excused, false) as is_empty_weekday,
    is_empty and coalesce(is_excused, false) as is_excused_empty,
    case
        when dates >= $min_history_dates and observed_at >= listing_date + interval 20 hours
            then round((received - middle) / tolerance, 2)
    end as volume_deviation,
    -- Totals of a paper that can't be used are refused besides its entry.
    case when kind = 'paper' and entries > 0 then 0 else refused / greatest(received, 1) end as refused_share,
    refused as refused_count,
    case
        when kind = 'daily' and received = 50 and payload_count = 1 and not regexp_matches(source, '[?&]limit=')
            then 'exactly 50 entries, as the site sends without a limit'
        when kind = 'daily' and regexp_matches(landing_note, $cut_note)
            then left(regexp_extract(landing_note, $cut_note), 200)
        when equal_dates >= $min_cap_dates and most_before = received
            then concat(received, ' entries, as on ', equal_dates, ' dates before and never more')
    end as cut_reason,
    epoch(observed_at) - epoch(cast($now as timestamp)) as seconds_ahead,
    case
        when kind = 'daily' then (epoch(observed_at) - epoch(cast(listing_date as timestamp))) / 3600
    end as hours_after_listing_began,
    seen_later.load_id is not null as is_seen_later_already,
    unknown_fields,
    coalesce(unknown_share, 0.0) as unknown_share,
    vanished_fields,
    retyped_fields
from pending
left join weekdays using (load_id)
left join entry_counts using (load_id)
left join usual using (load_id)
left join seen_later using (load_id)
left join drifted using (load_id)
left join unknown using (load_id)
left join equally_long using (load_id)
order by load_number
