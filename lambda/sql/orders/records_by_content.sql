-- Every record once: of those that agree in all that happened, the first in the partition.
-- rule: O12
SELECT partition, kind, customer, order_id, amount_cents, time_ms, MIN(position) AS position
FROM archive
GROUP BY partition, kind, customer, order_id, amount_cents, time_ms
