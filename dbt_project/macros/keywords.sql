{# Forms of keywords. Which forms are one keyword is decided in int_keyword_merges. A library of inflections can't run in
   the portable SQL of models, so the endings of English plurals are rules here, the only ones for keywords. #}

{# A listed keyword in lower case, white space as single spaces. #}
{% macro keyword_spelling(text) -%}
{{ normalize_space(replace_all(lower_case(text), '[\\p{Z}\\x{200b}\\x{feff}]+', ' ')) }}
{%- endmacro %}

{# A spelling as words: without accents, TeX, possessive 's, and what stands in brackets after a space, as in "language
   models (LLMs)"; a space for each hyphen, dash and underscore. #}
{% macro plain_keyword(spelling) -%}
{%- set text = replace_all(without_accents(spelling), ' \\([^)]*(\\)|$)', '') -%}
{%- set text = replace_all(text, '\\\\(math(cal|bf|rm|it|bb|sf|frak)|text(bf|it|rm|sc|sf|tt)?)', '') -%}
{%- set text = replace_all(text, '\\\\\\x27|[\\x22\\x24{}^`\\\\]', '') -%}
{%- set text = replace_all(text, '[\\x27\\x{2019}]s( |$)', '$1') -%}
{%- set text = replace_all(text, '[\\p{Pd}_\\x{2212}]+', ' ') -%}
{{ normalize_space(replace_all(text, '[.,;: ]+$', '')) }}
{%- endmacro %}

{# A word in lower case in the singular. The first rule that fits holds: letters to cut, letters to add, words and
   endings (`%`). A word that is no plural is left alone (loss, corpus, physics, news), and so is one of three letters. #}
{% macro singular_word(word) -%}
{%- set irregular = [
    (0, '', '%series %species %lens %aas news means bias debias gas alias atlas canvas pancreas pandas texas kansas'),
    (0, '', 'christmas cosmos chaos ethos pathos kudos plus thus always perhaps sometimes towards odds mars'),
    (0, '', 'diabetes aids bayes stokes gibbs holmes sapiens kubernetes devops mlops llmops flops mips lpips rvos utmos'),
    (4, 'ex', '%vertices %vortices %cortices %indices %simplices codices'),
    (3, 'x', '%trices appendices radices'),
    (2, 'is', '%theses %lyses %gnoses %stases %ellipses crises emphases axes oases'),
    (1, '', '%caches niches aches headaches avalanches psyches movies cookies calories selfies zombies rookies hoodies'),
    (1, '', 'prairies shoes toes canoes metrics topics critics rubrics heuristics characteristics tactics comics clinics'),
    (1, '', 'fabrics mosaics classics mimics logics antibiotics ceramics basics emojis taxis safaris menus gurus plateaus'),
    (1, '', '%ulae antennae apis guis pois rois kpis mris clis imus asics'),
    (2, '', '%___oes %lenses %biases %canvases gases aliases atlases buses %viruses %tuses %puses %nuses %xuses'),
    (2, '', 'focuses circuses choruses censuses consensuses schemata'),
    (3, '', 'quizzes children'),
    (3, 'f', 'halves shelves bookshelves leaves wolves selves calves thieves loaves'),
    (3, 'fe', 'knives lives wives'),
    (2, 'an', 'women'),
    (1, 'on', 'criteria phenomena automata polyhedra'),
    (1, 'um', 'spectra optima minima maxima curricula quanta bacteria momenta strata'),
    (3, 'us', 'corpora'),
    (1, 'us', 'stimuli foci loci radii nuclei'),
] -%}
{%- set regular = [
    (1, '', 'ties pies lies dies'),
    (3, 'y', '%ies'),
    (2, '', '%sses %shes %ches %xes %zzes'),
    (0, '', '%ss %us %is %ics'),
] -%}
case
    {{ singulars_by_rules(word, irregular) }}
    when {{ word }} not like '%s' or length({{ word }}) < 4 or substring({{ word }}, 1, 1) between '0' and '9'
        then {{ word }}
    -- Abbreviations: GPUs, CPUs, GRUs.
    when {{ has_match(word, '^[b-df-hj-np-tv-z]{2,3}us$') }} then substring({{ word }}, 1, length({{ word }}) - 1)
    {{ singulars_by_rules(word, regular) }}
    else substring({{ word }}, 1, length({{ word }}) - 1)
end
{%- endmacro %}

{# Branches of a CASE for rules as in singular_word. #}
{% macro singulars_by_rules(word, rules) -%}
{% for cut, added, names in rules %}
{%- set words = names.split() -%}
when
    {{ word }} in ('{{ words | join("', '") }}')
    {%- for name in words if name.startswith('%') %} or {{ word }} like '{{ name }}'{% endfor %}
    then concat(substring({{ word }}, 1, length({{ word }}) - {{ cut }}), '{{ added }}')
{% endfor %}
{%- endmacro %}

{# Plain words, the last one in the singular. #}
{% macro folded_keyword(plain) -%}
{%- set last = replace_all(plain, '^.* ', '') -%}
concat(substring({{ plain }}, 1, length({{ plain }}) - length({{ last }})), {{ each_word(last, singular_word('word')) }})
{%- endmacro %}

{# A folded keyword as a key: all words in the singular, without spaces, quotation marks, `&` and `/`. `_` stands for a
   space between two digits: "llama 3 8b" is not "llama 38b". #}
{% macro keyword_key(folded) -%}
{%- set text = each_word(replace_all(folded, '/', ' '), singular_word('word')) -%}
{%- set text = replace_all(text, '[&\\x27\\x{2019}]', '') -%}
{%- set text = replace_all(replace_all(text, '([0-9]) +', '$1_'), '_([^0-9]|$)', '$1') -%}
replace({{ text }}, ' ', '')
{%- endmacro %}

{# The abbreviation in brackets that ends a spelling, as in "chain-of-thought (cot)"; empty without one. #}
{% macro bracketed_keyword(spelling) -%}
case
    when {{ has_match(spelling, '^[^(]+ \\([a-z][a-z0-9]{1,7}\\)$') }}
        then {{ replace_all(spelling, '^[^(]+ \\(|\\)$', '') }}
    else ''
end
{%- endmacro %}
