-- Every record once: of those that agree in all that happened, the first in the partition.
-- rule: O12
WITH repeated AS (
  SELECT partition, kind, customer, order_id, amount_cents, time_ms, MIN(position) AS first_position
  FROM archive
  GROUP BY partition, kind, customer, order_id, amount_cents, time_ms
  HAVING COUNT(*) > 1
)
SELECT a.*
FROM repeated r
RIGHT JOIN archive a
  ON a.partition = r.partition AND a.kind = r.kind AND a.customer = r.customer AND a.order_id = r.order_id
    AND a.amount_cents = r.amount_cents AND a.time_ms = r.time_ms
WHERE r.first_position IS NULL OR a.position = r.first_position
