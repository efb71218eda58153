-- Author positions of papers without a decision about their author, or with several.
select authors.paper_id, authors.position, count(decided.mention_id) as decisions
from marts.bridge_paper_authors as authors
left join marts.author_merges as decided
    on authors.paper_id = decided.paper_id and authors.position = decided.position
group by authors.paper_id, authors.position
having count(decided.mention_id) <> 1
