-- The mark that decides what is left of a record, for each that was marked. Kinds: 1 placed, 2 cancelled, 3 corrected.
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
)
SELECT partition, position, kind, amount_cents FROM ranked WHERE nth = 1
