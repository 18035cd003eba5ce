-- What the marks leave of the records. Kinds: 1 placed, 2 cancelled, 3 corrected.
WITH ranked AS (
  SELECT r.partition, r.position, m.kind, m.amount_cents,
    ROW_NUMBER() OVER (
      PARTITION BY r.partition, r.position
      -- rule: O3 O4
      ORDER BY m.kind, m.time_ms DESC, m.partition DESC, m.position DESC
    ) AS nth
  FROM (SELECT * FROM records WHERE kind <> 1) m
  -- rule: O2 O5
  JOIN (SELECT * FROM records WHERE kind = 1) r ON r.customer = m.customer AND r.order_id = m.order_id
  -- rule: O7
  WHERE m.order_id <> 0
    -- rule: O6
    AND CAST(m.time_ms AS DECIMAL(38, 0)) - CAST(r.time_ms AS DECIMAL(38, 0))
      <= CAST(':horizon' AS DECIMAL(38, 0))
),
decided AS (SELECT partition, position, kind, amount_cents FROM ranked WHERE nth = 1)
SELECT r.customer, r.time_ms,
  r.time_ms - (r.time_ms % 86400000 + 86400000) % 86400000 AS day_ms,
  COALESCE(d.amount_cents, r.amount_cents) AS amount_cents
FROM decided d
RIGHT JOIN (SELECT * FROM records WHERE kind = 1) r ON r.partition = d.partition AND r.position = d.position
-- rule: O2 O4
WHERE d.kind IS NULL OR d.kind = 3
