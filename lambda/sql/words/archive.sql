-- The columns that the questions about words are asked of.
SELECT partition, word, "offset" AS position, source, sequence, :time_ms AS time_ms
FROM :files
WHERE :below
