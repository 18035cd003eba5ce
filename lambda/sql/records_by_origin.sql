-- Every record once: of those with one origin in a partition, the first.
-- rule: O12 T14 W4 S7 F8
SELECT a.*
FROM repeated r
RIGHT JOIN archive a
  ON a.partition = r.partition AND a.source = r.source AND a.sequence = r.sequence
WHERE r.first_position IS NULL OR a.position = r.first_position
