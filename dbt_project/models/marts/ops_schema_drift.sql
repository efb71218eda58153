{% set recent = 5 %}
-- One row per field path ever seen in an accepted load: since when, until when, how often, as which types, and
-- what changed last. "Now" is the last 5 loads of a format that hold entries.
with loads as (
    select
        load_id,
        format,
        observed_at,
        load_number,
        row_number() over (
            partition by format
            order by observed_at desc nulls last, load_number desc nulls last
        ) as age
    from {{ ref('stg_raw__loads') }}
    where verdict = 'accepted' and entry_count > 0
),

seen as (
    select
        fields.*,
        loads.observed_at,
        loads.format,
        loads.age,
        row_number() over (
            partition by fields.field_path
            order by loads.observed_at asc nulls first, loads.load_number asc nulls first
        ) as place,
        lag(fields.json_types) over (
            partition by fields.field_path, loads.format
            order by loads.observed_at asc nulls first, loads.load_number asc nulls first
        ) as types_before
    from {{ ref('stg_raw__fields_seen') }} as fields
    inner join loads on fields.load_id = loads.load_id
),

types as (
    select
        field_path,
        {{ dbt.listagg('json_types', "' | '", 'order by json_types') }} as json_types
    from (select distinct field_path, json_types from seen) as distinct_types
    group by field_path
),

retyped as (
    select
        field_path,
        max(observed_at) as type_changed_at,
        max_by(load_id, place) as type_changed_in_load_id,
        min(age) as type_changed_age
    from seen
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
        min(seen.age) as last_age,
        max(seen.age) as first_age,
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

totals as (
    select
        field_path,
        max(case when is_known then 1 else 0 end) = 1 as is_known,
        min(observed_at) as first_seen_at,
        max(observed_at) as last_seen_at,
        max_by(load_id, -place) as first_load_id,
        max_by(load_id, place) as last_load_id,
        max_by(json_types, place) as last_json_types,
        max_by(cast(present_count as double) / parent_count, place) as last_present_share,
        count(distinct load_id) as load_count,
        sum(present_count) as present_count,
        sum(parent_count) as parent_count
    from seen
    group by field_path
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
