-- The public marts as one script that somebody who knows DuckDB and the raw tables would write by hand: no tests, no
-- gates, no increments, no lineage, one pass from Parquet to tables. `$parquet` is the folder of the raw tables,
-- `$seeds` that of the reviewed lists. What it can't do: tell two people of one name apart or see one person in two
-- spellings, so authors are accounts, else folded names; organizations are the reviewed list, else folded names.

create schema marts;
create macro week_of(day) as cast(date_trunc('week', day) as date);
create macro hours(later, earlier) as epoch(later - earlier) / 3600.0;
create macro folded(text) as trim(regexp_replace(lower(strip_accents(text)), '[^\p{L}\p{N}]+', ' ', 'g'));
create macro squashed(text) as replace(folded(text), ' ', '');

create temp table loads as from read_parquet('$parquet/loads.parquet');
create temp table contents as select * exclude (paper_id) from read_parquet('$parquet/entry_contents.parquet');
create temp table aliases as
select *, squashed(alias) as squash, 'org:' || replace(folded(organization), ' ', '-') as organization_id,
    case when parent is not null then 'org:' || replace(folded(parent), ' ', '-') end as parent_organization_id
from read_csv('$seeds/organization_aliases.csv', header = true, all_varchar = true);

create temp table seen as
select entries.* replace (coalesce(entries.paper_id, 'title:' || left(md5(title_key), 16)) as paper_id),
    kind, format, listing_date, observed_at, landed_at
from read_parquet('$parquet/entries.parquet') as entries
inner join loads on entries.load_id = loads.load_id and verdict = 'accepted' and kind <> 'trending';

create table marts.fct_upvote_observations as
select paper_id, observed_at, upvotes, comments, github_stars,
    case when kind = 'daily' then position end as position, case when kind = 'daily' then listing_date end as listing_date,
    format, load_id
from seen
qualify row_number() over (partition by paper_id, observed_at order by kind = 'paper', format, load_id, position) = 1;

create table marts.fct_listings as
select listing_date, paper_id, last_position, last_upvotes, submitted_at, submitter_handle, first_observed_at,
    last_observed_at, observation_count
from (
    select listing_date, paper_id, arg_max(position, observed_at) as last_position,
        arg_max(upvotes, observed_at) as last_upvotes, arg_max(content_id, observed_at) as content_id,
        min(observed_at) as first_observed_at, max(observed_at) as last_observed_at,
        count(distinct observed_at) as observation_count
    from seen where kind = 'daily' group by all
) inner join contents using (content_id);

create temp table latest as
select paper_id, arg_max(content_id, observed_at) as content_id, arg_max(comments, observed_at) as comments,
    arg_max(github_stars, observed_at) as github_stars, arg_max(upvotes, observed_at) as upvotes,
    min(observed_at) as first_observed_at, max(observed_at) as last_observed_at,
    count(distinct observed_at) as observation_count
from seen where kind <> 'paper' group by paper_id;

-- Organizations.
create temp table listed_organizations as
select coalesce(organization_id, 'slug:' || organization_slug_key) as listed_organization_id,
    arg_max(organization_slug, observed_at) as slug, arg_max(trim(organization_name), observed_at) as name,
    min(observed_at) as first_observed_at, max(observed_at) as last_observed_at
from contents inner join seen using (content_id)
where organization_slug is not null group by 1;

create temp table resolved_organizations as
select listed.*, squashed(name) as squash, aliases.organization_id is not null as is_reviewed,
    coalesce(aliases.organization_id, first_value(listed.listed_organization_id) over (
        partition by squashed(name) order by first_observed_at, listed.listed_organization_id)) as organization_id,
    case when aliases.organization_id is null then 'same name' else 'reviewed list' end as rule, reason as evidence
from listed_organizations as listed
left join (from aliases qualify row_number() over (partition by squash order by valid_to desc nulls first, alias) = 1)
    as aliases on aliases.squash in (squashed(slug), squashed(name))
qualify row_number() over (partition by listed.listed_organization_id order by length(alias) desc nulls last) = 1;

create table marts.organization_merges as
select listed_organization_id, slug as listed_slug, name as listed_name, organization_id, rule, evidence
from resolved_organizations;

create table marts.bridge_paper_organizations as
select paper_id, resolved.organization_id, listed_organization_id
from latest inner join contents using (content_id)
inner join resolved_organizations as resolved
    on coalesce(contents.organization_id, 'slug:' || organization_slug_key) = listed_organization_id;

create table marts.bridge_organization_parents as
select distinct organization_id, parent_organization_id, cast(valid_from as date) as valid_from,
    cast(valid_to as date) as valid_to, 'reviewed' as rule, min(reason) as reason
from aliases
where parent_organization_id is not null and organization_id in (select organization_id from resolved_organizations)
group by all;

create table marts.dim_papers as
select paper_id, case when paper_id not like 'title:%' then paper_id end as arxiv_id,
    regexp_replace(trim(title), '\s+', ' ', 'g') as title, abstract, published_at,
    coalesce(published_on, cast(published_at as date)) as published_on, first_listed_on, last_listed_on,
    coalesce(listing_count, 0) as listing_count, author_count, upvotes, comments, github_stars, code_url, project_url,
    'https://huggingface.co/papers/' || paper_id as hf_url, 'https://arxiv.org/abs/' || paper_id as arxiv_url,
    owned.organization_id, submitted_at, submitter_handle, ai_summary, first_observed_at, last_observed_at,
    observation_count
from latest inner join contents using (content_id)
left join (
    select paper_id, min(listing_date) as first_listed_on, max(listing_date) as last_listed_on, count(*) as listing_count
    from marts.fct_listings group by paper_id
) using (paper_id)
left join (select paper_id, any_value(organization_id) as organization_id from marts.bridge_paper_organizations group by 1)
    as owned using (paper_id);

create table marts.dim_organizations as
with every_one as (
    select organization_id, arg_max(name, last_observed_at) as name, arg_max(slug, last_observed_at) as slug,
        count(*) as listed_count, min(first_observed_at) as first_observed_at
    from resolved_organizations group by 1
    union all
    select distinct parent_organization_id, null, null, 0, null from marts.bridge_organization_parents
    where parent_organization_id not in (select organization_id from resolved_organizations)
)
select every_one.organization_id, coalesce(reviewed.organization, name, every_one.organization_id) as display_name, slug,
    coalesce(kind, case when lower(name) similar to '.*(universi|college|institute of technology).*' then 'university'
        when lower(name) like '%institut%' then 'institute' else 'unknown' end) as kind,
    parent_organization_id, coalesce(paper_count, 0) as paper_count, listed_count, first_observed_at
from every_one
left join (select organization_id, min(organization) as organization, min(kind) as kind from aliases group by 1) as reviewed
    using (organization_id)
left join (select organization_id, arg_max(parent_organization_id, coalesce(valid_from, date '1900-01-01'))
        as parent_organization_id from marts.bridge_organization_parents where valid_to is null group by 1) using (organization_id)
left join (select organization_id, count(*) as paper_count from marts.bridge_paper_organizations group by 1)
    using (organization_id);

create table marts.bridge_paper_families as
with recursive climbed as (
    select paper_id, organization_id, organization_id as member_organization_id, 0 as levels,
        coalesce(first_listed_on, cast(first_observed_at as date)) as counted_on
    from (select distinct paper_id, organization_id from marts.bridge_paper_organizations)
    inner join marts.dim_papers using (paper_id, organization_id)
    union all
    select paper_id, parents.parent_organization_id, member_organization_id, levels + 1, counted_on
    from climbed inner join marts.bridge_organization_parents as parents
        on climbed.organization_id = parents.organization_id and counted_on >= coalesce(valid_from, date '1900-01-01')
            and counted_on < coalesce(valid_to, date '9999-01-01')
    where levels < 2
)
from climbed qualify row_number() over (partition by paper_id, organization_id order by levels, member_organization_id) = 1;

create table marts.organization_candidates as
select distinct a.organization_id, b.organization_id as other_organization_id, a.name, b.name as other_name,
    1 - levenshtein(a.squash, b.squash) / greatest(length(a.squash), length(b.squash)) as similarity
from resolved_organizations as a
inner join resolved_organizations as b
    on a.organization_id <> b.organization_id and left(a.squash, 2) = left(b.squash, 2)
        and abs(length(a.squash) - length(b.squash)) * 5 <= length(a.squash)
where not a.is_reviewed and length(a.squash) >= 6 and length(b.squash) >= 6 and similarity >= 0.8;

-- Authors.
create table marts.bridge_paper_authors as
select paper_id, author_position as position,
    'a' || left(md5(coalesce(
        max(account_id) over (partition by name_key, coalesce(account_id, account_handle)), account_handle, name_key)), 16)
        as author_id,
    name as name_as_listed, paper_id || '#' || author_position as mention_id, account_id, account_handle,
    status as claim_status, name_key
from latest inner join read_parquet('$parquet/entry_authors.parquet') using (content_id);

create table marts.author_merges as
select mention_id, paper_id, position, name_as_listed, account_id, author_id,
    case when account_id is not null then 'account' else 'folded name' end as rule, name_key as evidence
from marts.bridge_paper_authors;

create table marts.dim_authors as
select author_id, mode(name_as_listed) as display_name, mode(account_handle) as account_handle,
    mode(account_id) as account_id, count(distinct paper_id) as paper_count, count(distinct name_as_listed) as name_count,
    min(first_listed_on) as first_listed_on, max(last_listed_on) as last_listed_on, sum(upvotes)::bigint as upvotes
from marts.bridge_paper_authors inner join marts.dim_papers using (paper_id) group by author_id;

create table marts.author_candidates as
select distinct least(a.author_id, b.author_id) as author_id, greatest(a.author_id, b.author_id) as other_author_id,
    'an initial for a name' as reason
from (select distinct author_id, name_key from marts.bridge_paper_authors) as a
inner join (
    select distinct author_id, name_key from marts.bridge_paper_authors where length(split_part(name_key, ' ', 1)) = 1
) as b on a.author_id <> b.author_id and left(a.name_key, 1) = left(b.name_key, 1)
    and split_part(a.name_key, ' ', -1) = split_part(b.name_key, ' ', -1);

-- Upvotes by day and what follows from them.
create table marts.fct_paper_upvotes_daily as
with days as (
    select paper_id, cast(observed_at as date) as day, arg_max(upvotes, observed_at) as upvotes,
        arg_min(upvotes, observed_at) as first_upvotes, count(*) as observation_count
    from marts.fct_upvote_observations where upvotes is not null group by all
),

spans as (
    select *,
        coalesce(lag(upvotes) over following, case when observation_count > 1 then first_upvotes end) as upvotes_before,
        coalesce(lead(day) over following - 1, day) as carried_until
    from days window following as (partition by paper_id order by day)
)
select paper_id, cast(spread as date) as day, upvotes, case when spread = spans.day then upvotes - upvotes_before else 0 end
    as gained, spread = spans.day as is_observed, case when spread = spans.day then observation_count else 0 end
    as observation_count
from spans, unnest(generate_series(cast(day as timestamp), cast(carried_until as timestamp), interval 1 day)) as days(spread);

create temp table clock as select max(observed_at) as as_of from marts.fct_upvote_observations where upvotes is not null;

create temp table steps as
select observations.paper_id, observed_at, lag(observed_at) over following as previous_at,
    observations.upvotes - lag(observations.upvotes) over following as gain, hours(observed_at, lag(observed_at) over following) as step_hours,
    hours(lag(observed_at) over following, cast(first_listed_on as timestamp)) as age_hours,
    isodow(lag(observed_at) over following) as weekday, lag(position) over following as place
from marts.fct_upvote_observations as observations
inner join (select paper_id, first_listed_on from marts.dim_papers) as papers using (paper_id)
where observations.upvotes is not null
window following as (partition by observations.paper_id order by observed_at);

create temp table banded as
select *, case when age_hours < 6 then 0 when age_hours < 12 then 6 when age_hours < 24 then 12 when age_hours < 36 then 24
        when age_hours < 48 then 36 when age_hours < 72 then 48 when age_hours < 96 then 72 when age_hours < 168 then 96
        when age_hours < 336 then 168 else 336 end as age_band,
    case when place is null then 0 when place <= 3 then 1 when place <= 10 then 4 when place <= 30 then 11 else 31 end
        as place_band
from steps where previous_at is not null and age_hours is not null;

create temp table expected as
with ages as (
    select age_band, greatest(sum(gain), 0) / sum(step_hours) as rate from banded group by 1
),

weekdays as (
    select weekday, (greatest(sum(gain), 0) + 20) / (sum(rate * step_hours) + 20) as weekday_factor
    from banded inner join ages using (age_band) group by 1
),

places as (
    select place_band, (greatest(sum(gain), 0) + 20) / (sum(rate * weekday_factor * step_hours) + 20) as place_factor
    from banded inner join ages using (age_band) inner join weekdays using (weekday) group by 1
)
select paper_id, observed_at, previous_at, gain, rate * weekday_factor * place_factor * step_hours as expected
from banded inner join ages using (age_band) inner join weekdays using (weekday) inner join places using (place_band);

create temp table breakouts as
with judged as (
    select *, row_number() over following as number, case when row_number() over following = 1 then 0 else
        gain * ln(3) - 2 * expected * (greatest(coalesce(sum(gain) over earlier, 0), 0) + 5)
            / (coalesce(sum(expected) over earlier, 0) + 5) end as evidence
    from expected
    window following as (partition by paper_id order by observed_at),
        earlier as (partition by paper_id order by observed_at rows between unbounded preceding and 1 preceding)
),

walked as (
    select paper_id, observed_at, round(sum(evidence) over (partition by paper_id order by observed_at), 12) as height
    from judged
),

lowered as (
    select *, min(height) over earlier as lowest, arg_min(observed_at, height) over earlier as lowest_at
    from walked
    window earlier as (partition by paper_id order by observed_at rows between unbounded preceding and 1 preceding)
)
select paper_id, round(height - lowest, 12) as breakout_score, observed_at as ended_at, lowest_at as started_at
from lowered where lowest is not null
qualify row_number() over (partition by paper_id order by round(height - lowest, 12) desc, observed_at) = 1;

create table marts.rpt_paper_trends as
with bases as (
    select paper_id, as_of, count(*) as observation_count, min(observed_at) as first_observed_at,
        max(observed_at) as last_observed_at, arg_min(upvotes, observed_at) as first_upvotes,
        arg_max(upvotes, observed_at) as upvotes,
        max(observed_at) filter (observed_at <= as_of - interval 24 hours) as day_base_at,
        arg_max(upvotes, observed_at) filter (observed_at <= as_of - interval 24 hours) as day_base,
        min(observed_at) filter (observed_at > as_of - interval 24 hours) as window_first_at,
        arg_min(upvotes, observed_at) filter (observed_at > as_of - interval 24 hours) as window_first
    from marts.fct_upvote_observations, clock where upvotes is not null group by all
),

-- A window's gain counts from the observation nearest to its start, at most a tenth of the window off; of equals from
-- the earlier one.
starts as (
    select paper_id, arg_min(observed_at, day_distance) as day_start_at, arg_min(upvotes, day_distance) as day_start,
        arg_min(observed_at, week_distance) as week_start_at, arg_min(upvotes, week_distance) as week_start
    from (
        select observations.paper_id, observed_at, observations.upvotes,
            case when abs(after_day) <= 2.4 then 2 * abs(after_day) + (after_day > 0)::int * 1e-9 end as day_distance,
            case when abs(after_week) <= 16.8 then 2 * abs(after_week) + (after_week > 0)::int * 1e-9 end as week_distance
        from marts.fct_upvote_observations as observations inner join bases using (paper_id),
            lateral (select hours(observed_at, as_of) + 24 as after_day, hours(observed_at, as_of) + 168 as after_week)
        where observations.upvotes is not null and observed_at < last_observed_at
    ) group by 1
),

halves as (
    select paper_id, min(observed_at) as half_at
    from marts.fct_upvote_observations as observations inner join bases using (paper_id)
    where observations.upvotes * 2 >= bases.upvotes group by 1
),

velocities as (
    select paper_id, sum(gain / step_hours * weight) / sum(weight) as velocity,
        sum(gain / step_hours * weight_before) / sum(weight_before) as velocity_before
    from (
        select paper_id, gain, step_hours,
            pow(2, -hours(last_observed_at, observed_at) / 24) - pow(2, -hours(last_observed_at, previous_at) / 24) as weight,
            case when observed_at <= day_base_at then pow(2, -hours(day_base_at, observed_at) / 24)
                - pow(2, -hours(day_base_at, previous_at) / 24) end as weight_before
        from steps inner join bases using (paper_id) where previous_at is not null
    ) group by 1
),

peaks as (
    select paper_id, cast(observed_at as date) as peak_day, sum(gain) as peak_day_gain
    from steps where previous_at is not null group by paper_id, cast(observed_at as date) having sum(gain) > 0
    qualify row_number() over (partition by paper_id order by sum(gain) desc, peak_day) = 1
),

attention as (
    select paper_id, sum(expected) as expected_upvotes, (greatest(sum(gain), 0) + 5) / (sum(expected) + 5) as attention_rate
    from expected group by 1
),

measured as (
    select bases.*, first_listed_on, last_day, last_week, hours(bases.as_of, cast(first_listed_on as timestamp)) as age_hours,
        case when last_day then bases.upvotes - day_start end as gain_24h,
        case when last_day then hours(bases.last_observed_at, day_start_at) end as gain_24h_hours,
        case when last_week then bases.upvotes - week_start end as gain_7d,
        case when last_week then hours(bases.last_observed_at, week_start_at) end as gain_7d_hours,
        case when last_day then velocity end as velocity, half_at, peak_day, peak_day_gain, expected_upvotes, attention_rate,
        case when last_day then (velocity - velocity_before) / hours(bases.last_observed_at, day_base_at) end as acceleration,
        case when last_day then (bases.upvotes - coalesce(day_base, window_first))
            / nullif(hours(bases.last_observed_at, coalesce(day_base_at, window_first_at)), 0) end as rate_24h,
        breakout_score, started_at, ended_at,
        count(*) over cohort as cohort_size, avg(bases.upvotes) over cohort as cohort_mean,
        stddev_pop(bases.upvotes) over cohort as cohort_deviation,
        percent_rank() over (partition by first_listed_on order by bases.upvotes) as cohort_percentile
    from bases inner join (select paper_id, first_listed_on from marts.dim_papers) as papers using (paper_id)
    left join starts using (paper_id) left join halves using (paper_id) left join velocities using (paper_id) left join peaks using (paper_id)
    left join attention using (paper_id) left join breakouts using (paper_id),
    lateral (select bases.last_observed_at > as_of - interval 24 hours as last_day,
        bases.last_observed_at > as_of - interval 168 hours as last_week) as observed
    window cohort as (partition by first_listed_on)
)
select paper_id, as_of, first_listed_on, upvotes, observation_count, first_observed_at, last_observed_at,
    hours(last_observed_at, first_observed_at) as observed_hours,
    case when observation_count > 1 then upvotes - first_upvotes end as gain_observed, gain_24h, gain_24h_hours,
    case when gain_24h is not null then null when not last_day then 'not observed in the last 24 hours'
        when first_observed_at > as_of - interval 24 hours then 'first observed less than 24 hours ago'
        else 'not observed 24 hours ago, give or take 10 %' end as gain_24h_missing_reason, gain_7d, gain_7d_hours,
    case when gain_7d is not null then null when not last_week then 'not observed in the last 7 days'
        when first_observed_at > as_of - interval 168 hours then 'first observed less than 7 days ago'
        else 'not observed 7 days ago, give or take 10 %' end as gain_7d_missing_reason,
    velocity, case when velocity is not null then rank() over (order by round(velocity, 9) desc nulls last,
        upvotes desc, first_listed_on, paper_id) end as velocity_rank, rate_24h, acceleration, age_hours,
    pow(greatest(upvotes - 1, 0), 0.8) / pow(age_hours + 2, 1.8) as hacker_news_score,
    (upvotes - 1) / pow(age_hours + 2, 1.8) as hacker_news_simple_score,
    pow(upvotes, 0.8) / pow(age_hours + 2, 1.8) as hacker_news_raw_score,
    sign(upvotes) * log10(greatest(abs(upvotes), 1)) + (epoch(first_listed_on) - 1134028003) / 45000 as reddit_hot_score,
    expected_upvotes, attention_rate, rank() over (order by upvotes desc) as upvote_rank, cohort_percentile,
    (upvotes - cohort_mean) / nullif(cohort_deviation, 0) as cohort_z_score, cohort_size,
    case when half_at > first_observed_at then hours(half_at, first_observed_at) end as half_life_hours,
    peak_day, peak_day_gain, breakout_score >= 12 as is_breakout,
    case when breakout_score >= 12 then started_at end as breakout_started_at,
    case when breakout_score >= 12 then ended_at end as breakout_ended_at, breakout_score
from measured;

-- Entities by week. Shares are of the papers of a base: those that can have such an entity.
create temp table paper_weeks as
select paper_id, week, count(day) as days, count(listed_on) as listed, sum(gained)::bigint as gained
from (
    select paper_id, week_of(day) as week, day, null as listed_on, gained from marts.fct_paper_upvotes_daily
    union all
    select paper_id, week_of(first_listed_on), null, first_listed_on, null
    from marts.dim_papers where first_listed_on is not null
) group by all;

create macro entity_weeks(bridge, base) as table
with totals as (
    select week, sum(listed)::bigint as base_papers_listed, count(*) filter (days > 0) as base_papers_observed,
        sum(gained)::bigint as base_upvotes_gained
    from paper_weeks where paper_id in (select paper_id from query_table(base)) group by 1
),

weeks as (
    select entity, week, sum(listed)::bigint as papers_listed, count(*) filter (days > 0) as papers_observed,
        sum(gained)::bigint as upvotes_gained
    from query_table(bridge) inner join paper_weeks using (paper_id) group by all
),

-- Who gained nothing has no rank, and nobody where nobody gained.
ranked as (
    select weeks.*,
        case when base_upvotes_gained > 0 then upvotes_gained / base_upvotes_gained end as share_of_gain,
        base_papers_listed, base_papers_observed, base_upvotes_gained,
        case when upvotes_gained <> 0 and max(upvotes_gained) over (partition by week) > 0
            then rank() over (partition by week order by upvotes_gained desc nulls last) end as rank_in_week
    from weeks left join totals using (week)
)
select ranked.*, before.rank_in_week - ranked.rank_in_week as rank_change,
    ranked.upvotes_gained - before.upvotes_gained as gain_change
from ranked left join ranked as before on ranked.entity = before.entity and ranked.week = before.week + 7;

create temp table author_papers as select distinct author_id as entity, paper_id from marts.bridge_paper_authors;
create temp table organization_papers as
select distinct organization_id as entity, paper_id from marts.bridge_paper_organizations;
create temp table family_papers as select organization_id as entity, paper_id from marts.bridge_paper_families;
create macro singular(word) as case
    when word in ('matrices', 'indices', 'vertices') then replace(replace(word, 'rices', 'rix'), 'ices', 'ex')
    when word in ('metrics', 'topics', 'critics', 'rubrics', 'heuristics', 'caches', 'gpus', 'apis') then word[:-2]
    when word like '%series' or word like '%species' or word like '%lens' or word in ('news', 'means', 'bias') then word
    when word like '%ies' and length(word) > 4 then word[:-4] || 'y'
    when word similar to '.*(theses|alyses)' then word[:-3] || 'is'
    when word similar to '.*(ss|sh|ch|x)es' then word[:-3]
    when word similar to '.*(ss|us|is|ics)' or word not like '%s' or length(word) <= 3 then word
    else word[:-2] end;
create macro plain(listed) as trim(regexp_replace(
    replace(replace(regexp_replace(lower(listed), ' \([^)]*(\)|$)', '', 'g'), '-', ' '), '_', ' '), '\s+', ' ', 'g'));
create macro squeezed(text) as
replace(array_to_string(list_transform(string_split(text, ' '), lambda word: singular(word)), ' '), ' ', '');
create macro last_singular(text) as
array_to_string(list_append(string_split(text, ' ')[:-2], singular(string_split(text, ' ')[-1])), ' ');
create temp table reviewed as
with rows as (from read_csv('$seeds/keyword_aliases.csv', header = true, all_varchar = true) where alias <> keyword)
select squeezed(alias) as key, min(keyword) as keyword
from (from rows union select keyword, keyword from rows) group by squeezed(alias);
create temp table spelled as
select *, last_singular(plain) as form, squeezed(plain) as key,
    array_to_string(list_transform(string_split(last_singular(plain), ' '), lambda word: word[1]), '') as initials
from (
    select distinct paper_id, lower(keyword) as spelling, plain(keyword) as plain,
        singular(regexp_extract(lower(keyword), '^[^(]+ \(([a-z][a-z0-9]{1,7})\)$', 1)) as short
    from latest inner join contents using (content_id), unnest(ai_keywords) as keywords(keyword)
) where plain <> '';
create temp table shorts as
select initials as key, arg_max(key, papers) as long_key
from (
    select initials, key, count(*) as papers, count(*) filter (short = initials) as shown
    from spelled where form like '% %' group by initials, key
)
group by initials
having max(papers) > 1 and max(papers) >= .75 * sum(papers)
    and arg_max(shown, papers) > if(length(initials) > 2, 0, 1);
create temp table keyword_papers as
select distinct coalesce(own.keyword, whole.keyword, forms.form) as entity, paper_id
from spelled left join shorts using (key)
left join reviewed as own on spelled.key = own.key
left join reviewed as whole on shorts.long_key = whole.key
inner join (select key, form from spelled group by key, form
    qualify row_number() over (partition by key order by count(*) desc, form) = 1) as forms
    on coalesce(shorts.long_key, spelled.key) = forms.key;

-- The source lists organizations since some day: no paper last observed before can have one.
create temp table papers_with_field as
select paper_id from latest where last_observed_at >= (
    select min(observed_at)
    from read_parquet('$parquet/fields_seen.parquet') inner join loads using (load_id)
    where verdict = 'accepted' and path in ('organization', 'paper.organization')
) or paper_id in (select paper_id from organization_papers);

create table marts.rpt_author_trends as
select entity as author_id, * exclude (entity, base_papers_listed, base_papers_observed, base_upvotes_gained)
from entity_weeks('author_papers', 'paper_weeks');
create table marts.rpt_keyword_trends as
select entity as keyword, * exclude (entity) from entity_weeks('keyword_papers', 'keyword_papers');
create table marts.rpt_organization_trends as
select family.entity as organization_id, week,
    own.* exclude (entity, week, base_papers_listed, base_papers_observed, base_upvotes_gained),
    family.base_papers_listed, family.base_papers_observed, family.base_upvotes_gained,
    columns(family.* exclude (entity, week, base_papers_listed, base_papers_observed, base_upvotes_gained)) as 'family_\0'
from entity_weeks('family_papers', 'papers_with_field') as family
left join entity_weeks('organization_papers', 'papers_with_field') as own using (entity, week);

-- Operations.
create table marts.ops_loads as select * exclude (loaded_in) from loads;
create table marts.ops_quarantine as
select quarantine.*, source, listing_date, observed_at
from read_parquet('$parquet/quarantine.parquet') as quarantine inner join loads using (load_id);
create table marts.ops_gate_results as from read_parquet('$parquet/gate_results.parquet');
create table marts.rpt_resolution_quality as
from read_csv('$seeds/resolution_quality.csv', header = true);
create table marts.ops_schema_drift as
with fields as (
    select fields.*, format, observed_at, age,
        lag(types) over (partition by path, format order by observed_at, load_number) as types_before
    from read_parquet('$parquet/fields_seen.parquet') as fields
    inner join (
        select load_id, load_number, format, observed_at,
            row_number() over (partition by format order by observed_at desc, load_number desc) as age
        from loads where verdict = 'accepted' and entries > 0
    ) using (load_id)
)
select path as field_path, case when min(age) > 5 then 'vanished'
        when min(age) filter (types_before <> types) <= 5 then 'type_changed' when max(age) <= 5 then 'new' else 'steady' end
        as status, string_agg(distinct types, ' | ' order by types) as json_types, arg_max(types, observed_at) as last_json_types,
    bool_or(is_known) as is_known, min(observed_at) as first_seen_at, max(observed_at) as last_seen_at,
    arg_min(load_id, observed_at) as first_load_id, arg_max(load_id, observed_at) as last_load_id,
    max(observed_at) filter (types_before <> types) as type_changed_at, count(distinct load_id) as load_count,
    sum(present)::bigint as present_count, sum(parents)::bigint as parent_count, sum(present) / sum(parents) as present_share,
    arg_max(present / parents, observed_at) as last_present_share
from fields group by path;
