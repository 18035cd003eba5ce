-- The columns that the questions about trades are asked of.
SELECT partition, kind, symbol, "offset" AS position, source, sequence, price_e8, volume_e8, :time_ms AS time_ms,
  CAST(target_source AS BIGINT) AS target_source, target_sequence
FROM :files
WHERE :below
