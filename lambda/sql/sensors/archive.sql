-- The columns that the questions about sensors are asked of.
SELECT partition, region, "offset" AS position, source, sequence, reading, :time_ms AS time_ms
FROM :files
WHERE :below
