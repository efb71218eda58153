{# Keys by which names and slugs of organizations are compared, and the kind that a name shows. #}

{# The words of a name or slug: lower case, no accents, single spaces. A slug is cut where its letters change case. #}
{% macro organization_words(text) -%}
trim({{ replace_all(
    lower_case(without_accents(
        "case when " ~ text ~ " like '% %' then " ~ text ~ " else "
        ~ replace_all(text, '([a-z])([A-Z])', '$1 $2') ~ " end"
    )),
    '[^\\p{L}\\p{N}]+', ' '
) }})
{%- endmacro %}

{# Words without spaces: PekingUniversity and "Peking University". #}
{% macro organization_squash(words) -%}replace({{ words }}, ' ', ''){%- endmacro %}

{# The key of an institution's name: the words that distinguish it, as one text. Function words and legal forms are
   dropped, kinds of institution have one spelling, and "University of X" equals "X University", except for names where
   the two are different institutions (Washington, Miami, York). Places are never dropped: HKUST (Guangzhou) is not
   HKUST. #}
{% macro organization_key(words) -%}
{%- set steps = [
    ('\\b(the|of|at|for|and|de|inc|ltd|llc|corp|corporation|company|limited|gmbh|official)\\b', ''),
    ('\\buniv(ersity|ersite|ersitat|ersitaet|ersidad|ersita|ersidade|ersiteit|ersitet|eristy|ersiti)?\\b', 'university'),
    ('\\blab(s|oratory|oratories|oratoire)\\b', 'lab'),
    ('\\b(institut|instituto|institutes)\\b', 'institute'),
    ('\\btechnologies\\b', 'technology'),
    ('\\bsciences\\b', 'science'),
    ('\\bcentre\\b', 'center'),
    ('\\bartificial +intelligence\\b', 'ai'),
    ('\\bjiaotong\\b', 'jiao tong'),
    ('\\bhongkong\\b', 'hong kong'),
    ('^ *university +((?:.* )?)(washington|miami|york)( .*)?$', 'universityof$1$2$3'),
    ('^(.*[^ ].*?) +university\\b(.*)$', 'university $1$2'),
] -%}
{%- set ns = namespace(text=words) -%}
{%- for pattern, replacement in steps -%}{%- set ns.text = replace_all(ns.text, pattern, replacement) -%}{%- endfor -%}
replace({{ ns.text }}, ' ', '')
{%- endmacro %}

{# Whether a name or slug, as words, may be too short to identify an institution: ENS, GIST and CEA are also words or
   names of others. Callers exempt the acronyms of the seed `organization_words`. #}
{% macro organization_is_short(words) -%}{{ has_match(words, '^[a-z0-9]{1,5}$') }}{%- endmacro %}

{# The key of an organization of the reviewed seed. #}
{% macro seed_organization_id(organization) -%}
concat('org:', replace({{ organization_words(organization) }}, ' ', '-'))
{%- endmacro %}

{# The kind of an organization by words of its name; null without such a word. #}
{% macro organization_kind(name) -%}
case
    when {{ has_match(lower_case(name), '\\b(hospital|clinic|medical center)\\b') }} then 'hospital'
    when {{ has_match(lower_case(name), 'universi|\\b(college|polytechnic|école|institute of technology)\\b|大学|大學') }} then 'university'
    when {{ has_match(lower_case(name), '\\b(inc|ltd|llc|corp|corporation|gmbh|co)\\b') }} then 'company'
    when {{ has_match(lower_case(name), '\\b(ministry|national laboratory|agency|government)\\b') }} then 'government'
    when {{ has_match(lower_case(name), '\\b(foundation|nonprofit|non-profit)\\b') }} then 'nonprofit'
    when {{ has_match(lower_case(name), 'institut|\\bacademy\\b|研究院') }} then 'institute'
    when {{ has_match(lower_case(name), '\\b(community|collective|open source|hackathon|club)\\b') }} then 'community'
end
{%- endmacro %}

{# The set of letters (a–z) and digits of a text, as bits of a bigint. #}
{% macro letters_of(text) -%}
({%- for letter in 'abcdefghijklmnopqrstuvwxyz0123456789' %}
case when {{ text }} like '%{{ letter }}%' then cast({{ 2 ** loop.index0 }} as {{ dbt.type_bigint() }}) else 0 end{{ " +" if not loop.last }}
{%- endfor %}
)
{%- endmacro %}

{# The words of a name as `organization_words`, not cut where letters change case; with an @ where the name has one or
   the word at, and a # where it has another sign that separates its parts, and at its end. #}
{% macro organization_marked_words(text) -%}
{%- set steps = [
    ('(^| )at( |$)', ' @ '),
    ('@', ' @ '),
    ('[(),:;|/\\[\\]]| [-–—] ?|[–—] ', ' # '),
    ('[^\\p{L}\\p{N}@#]+', ' '),
] -%}
{%- set ns = namespace(text=lower_case(without_accents(text))) -%}
{%- for pattern, replacement in steps -%}{%- set ns.text = replace_all(ns.text, pattern, replacement) -%}{%- endfor -%}
concat(trim({{ ns.text }}), ' #')
{%- endmacro %}
