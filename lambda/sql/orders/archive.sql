-- The columns that the questions about orders are asked of.
SELECT partition, kind, customer, "offset" AS position, source, sequence, "order" AS order_id, amount_cents,
  :time_ms AS time_ms
FROM :files
WHERE :below
