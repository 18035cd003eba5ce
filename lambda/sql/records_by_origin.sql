-- Every record once: of those with one origin in a partition, the first. What has no origin is never recognised.
-- rule: O12 T14 W4 S7 F8
WITH repeated AS (
  SELECT partition, source, sequence, MIN(position) AS first_position
  FROM archive
  WHERE source >= 0
  GROUP BY partition, source, sequence
  HAVING COUNT(*) > 1
)
SELECT a.*
FROM repeated r
RIGHT JOIN archive a
  ON a.partition = r.partition AND a.source = r.source AND a.sequence = r.sequence
WHERE r.first_position IS NULL OR a.position = r.first_position
