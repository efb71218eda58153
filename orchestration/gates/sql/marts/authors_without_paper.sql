-- Authors that are on no paper.
select author_id from marts.dim_authors
except
select author_id from marts.bridge_paper_authors
