-- One row per accepted load with entries, with the fingerprint of all that its rows in int_entries_identified say.
-- A text page gives no id: its folded title finds the paper when exactly one paper has it, else the paper gets an
-- id of its title, which later runs replace as soon as the real id shows up. So a load that tells one paper's id may
-- change what other loads are about, and their fingerprints with it.
with entries as (
    {{ entries_with_paper() }}
),

loads as (
    select * from {{ ref('stg_raw__loads') }}
),

told as (
    select
        load_id,
        {{ rows_fingerprint(['position', 'paper_id', 'content_id', 'upvotes', 'comments', 'github_stars']) }} as fingerprint
    from entries
    group by load_id
),

final as (
    select
        told.load_id,
        {{ row_fingerprint([
            'told.fingerprint', 'loads.format', 'loads.kind', 'loads.listing_date', 'loads.observed_at', 'loads.landed_at',
        ]) }} as fingerprint
    from told
    inner join loads on told.load_id = loads.load_id
)

select * from final
