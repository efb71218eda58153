{# A row per fault of a table: a key that is null or repeated, a column that holds what is no key of its parent, or a
   value that isn't listed. A column of the key may be an expression, for keys with a part that is null by design. A
   null refers to nothing and is no value: whether a column may be null is its own question.
   One test a table: what a test costs is mostly dbt's own time for each. #}
{% test primary_key(model, columns, references={}, accepted={}) %}
select
    'no key' as fault,
    concat(
        {%- for column in columns -%}
        coalesce(cast({{ column }} as {{ dbt.type_string() }}), 'null'){{ ", ' / ', " if not loop.last }}
        {%- endfor -%}
    ) as unexpected
from {{ model }}
group by
    {{ columns | join(',\n    ') }}
having
    count(*) > 1
    {% for column in columns -%}
    or {{ column }} is null
    {% endfor %}
{% for column, parent in references.items() %}
union all
select
    'no key of its parent: {{ column }}' as fault,
    cast(child.{{ column }} as {{ dbt.type_string() }}) as unexpected
from {{ model }} as child
left join {{ parent }} as parent on child.{{ column }} = parent.{{ column }}
where child.{{ column }} is not null and parent.{{ column }} is null
{% endfor %}
{% for column, values in accepted.items() %}
union all
select distinct
    'not listed: {{ column }}' as fault,
    {{ column }} as unexpected
from {{ model }}
where {{ column }} not in ('{{ values | join("', '") }}')
{% endfor %}
{% endtest %}
