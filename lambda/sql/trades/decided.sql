-- The mark that decides what is left of a trade, for each that was marked. Kinds: 1 traded, 2 busted, 3 corrected.
WITH ranked AS (
  SELECT r.partition, r.position, m.kind, m.price_e8, m.volume_e8,
    ROW_NUMBER() OVER (
      PARTITION BY r.partition, r.position
      -- rule: T3 T4
      ORDER BY m.kind, m.time_ms DESC, m.partition DESC, m.position DESC
    ) AS nth
  FROM (SELECT * FROM records WHERE kind <> 1) m
  -- rule: T2 T5 T7
  JOIN (SELECT * FROM records WHERE kind = 1) r
    ON r.symbol = m.symbol AND r.source = m.target_source AND r.sequence = m.target_sequence
  -- rule: T6
  WHERE CAST(m.time_ms AS DECIMAL(38, 0)) - CAST(r.time_ms AS DECIMAL(38, 0))
    <= CAST(':horizon' AS DECIMAL(38, 0))
)
SELECT partition, position, kind, price_e8, volume_e8 FROM ranked WHERE nth = 1
