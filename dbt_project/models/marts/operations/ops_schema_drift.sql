{% set recent = 5 %}
-- One row per field path ever seen in an accepted load: since when, until when, how often, as which types, and
-- what changed last. "Now" is the last 5 loads of a format that hold entries.
-- The trending list and the details of a paper are formats of their own.
with accepted as (
    select
        load_id,
        load_number,
        observed_at,
        case when kind in ('trending', 'paper') then concat(kind, ' ', format) else format end as format,
        case when kind in ('trending', 'paper') then concat(kind, ': ') else '' end as path_prefix
    from {{ ref('stg_raw__loads') }}
    where verdict = 'accepted' and entry_count > 0
),

loads as (
    select
        load_id,
        format,
        path_prefix,
        observed_at,
        row_number() over (order by observed_at asc nulls first, load_number asc nulls first) as place,
        row_number() over (
            partition by format
            order by observed_at desc nulls last, load_number desc nulls last
        ) as age
    from accepted
),

fields as (
    select
        stg_fields.load_id,
        concat(loads.path_prefix, stg_fields.field_path) as field_path,
        stg_fields.json_types,
        stg_fields.is_known,
        stg_fields.present_count,
        stg_fields.parent_count
    from {{ ref('stg_raw__fields_seen') }} as stg_fields
    inner join loads on stg_fields.load_id = loads.load_id
),

-- All that is asked of a field's loads but their order, in one pass.
seen as (
    select
        fields.field_path,
        fields.json_types,
        loads.format,
        max(case when fields.is_known then 1 else 0 end) as is_known,
        min(loads.observed_at) as first_seen_at,
        max(loads.observed_at) as last_seen_at,
        min(loads.place) as first_place,
        max(loads.place) as last_place,
        min(loads.age) as last_age,
        max(loads.age) as first_age,
        max_by(cast(fields.present_count as double) / fields.parent_count, loads.place) as last_present_share,
        count(*) as load_count,
        sum(fields.present_count) as present_count,
        sum(fields.parent_count) as parent_count
    from fields
    inner join loads on fields.load_id = loads.load_id
    group by fields.field_path, fields.json_types, loads.format
),

types as (
    select
        field_path,
        {{ dbt.listagg('json_types', "' | '", 'order by json_types') }} as json_types
    from (select distinct field_path, json_types from seen) as distinct_types
    group by field_path
),

-- Fields with more than one type in a format, whose types are compared in the order of their observations.
changing as (
    select
        field_path,
        format
    from seen
    group by field_path, format
    having count(*) > 1
),

ordered as (
    select
        fields.field_path,
        fields.json_types,
        loads.load_id,
        loads.observed_at,
        loads.place,
        loads.age,
        lag(fields.json_types) over (
            partition by fields.field_path, loads.format
            order by loads.place asc nulls first
        ) as types_before
    from fields
    inner join loads on fields.load_id = loads.load_id
    inner join changing on fields.field_path = changing.field_path and loads.format = changing.format
),

retyped as (
    select
        field_path,
        max(observed_at) as type_changed_at,
        max_by(load_id, place) as type_changed_in_load_id,
        min(age) as type_changed_age
    from ordered
    where types_before <> json_types
    group by field_path
),

-- A path is compared with the loads of the formats that ever carried it: the text of a page has no avatars.
formats as (
    select
        format,
        max(age) as oldest_age
    from loads
    group by format
),

paths_by_format as (
    select
        seen.field_path,
        seen.format,
        min(seen.last_age) as last_age,
        max(seen.first_age) as first_age,
        min(formats.oldest_age) as oldest_age
    from seen
    inner join formats on seen.format = formats.format
    group by seen.field_path, seen.format
),

ages as (
    select
        field_path,
        min(last_age) as last_age,
        -- 1 where some format had loads, but not the field, before the last few.
        min(case when first_age <= {{ recent }} and first_age < oldest_age then 1 else 0 end) as is_new
    from paths_by_format
    group by field_path
),

sums as (
    select
        field_path,
        max(is_known) = 1 as is_known,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        min(first_place) as first_place,
        max(last_place) as last_place,
        max_by(json_types, last_place) as last_json_types,
        max_by(last_present_share, last_place) as last_present_share,
        cast(sum(load_count) as {{ dbt.type_bigint() }}) as load_count,
        sum(present_count) as present_count,
        sum(parent_count) as parent_count
    from seen
    group by field_path
),

totals as (
    select
        sums.*,
        first_loads.load_id as first_load_id,
        last_loads.load_id as last_load_id
    from sums
    inner join loads as first_loads on sums.first_place = first_loads.place
    inner join loads as last_loads on sums.last_place = last_loads.place
),

final as (
    select
        totals.field_path,
        case
            when ages.last_age > {{ recent }} then 'vanished'
            when retyped.type_changed_age <= {{ recent }} then 'type_changed'
            when ages.is_new = 1 then 'new'
            else 'steady'
        end as status,
        types.json_types,
        totals.last_json_types,
        totals.is_known,
        totals.first_seen_at,
        totals.last_seen_at,
        totals.first_load_id,
        totals.last_load_id,
        retyped.type_changed_at,
        retyped.type_changed_in_load_id,
        totals.load_count,
        cast(totals.present_count as {{ dbt.type_bigint() }}) as present_count,
        cast(totals.parent_count as {{ dbt.type_bigint() }}) as parent_count,
        cast(totals.present_count as double) / totals.parent_count as present_share,
        totals.last_present_share
    from totals
    inner join types on totals.field_path = types.field_path
    inner join ages on totals.field_path = ages.field_path
    left join retyped on totals.field_path = retyped.field_path
)

select * from final
