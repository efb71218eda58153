-- Authors with two positions on one paper. The list of positions is made for these papers alone.
with repeated as (
    select paper_id, author_id
    from marts.bridge_paper_authors
    group by paper_id, author_id
    having count(*) > 1
)

select paper_id, author_id, list(position order by position) as positions
from marts.bridge_paper_authors
semi join repeated using (paper_id, author_id)
group by paper_id, author_id
