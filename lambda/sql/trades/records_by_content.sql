-- Every record once: of those that agree in all that happened, the first in the partition.
-- rule: T14
WITH repeated AS (
  SELECT partition, kind, symbol, price_e8, volume_e8, time_ms, target_source, target_sequence,
    MIN(position) AS first_position
  FROM archive
  GROUP BY partition, kind, symbol, price_e8, volume_e8, time_ms, target_source, target_sequence
  HAVING COUNT(*) > 1
)
SELECT a.*
FROM repeated r
RIGHT JOIN archive a
  ON a.partition = r.partition AND a.kind = r.kind AND a.symbol = r.symbol AND a.price_e8 = r.price_e8
    AND a.volume_e8 = r.volume_e8 AND a.time_ms = r.time_ms AND a.target_source = r.target_source
    AND a.target_sequence = r.target_sequence
WHERE r.first_position IS NULL OR a.position = r.first_position
