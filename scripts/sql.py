"""Runs the files of lambda/sql in DuckDB or Spark over an archive, and compares their rows with a contestant's.

usage: sql.py ENGINE ARCHIVE LOG [--dedup SETTING] [--wb PROGRAM] [--contestant NAME]
"""

import argparse
import csv
import datetime
import json
import pathlib
import subprocess
import sys

SQL = pathlib.Path(__file__).resolve().parent.parent / "lambda" / "sql"

# The columns that say when, and how a key prints them.
TIMES = {"day_ms": "%Y-%m-%d", "hour_ms": "%Y-%m-%dT%H", "second_ms": "%Y-%m-%dT%H:%M:%S"}

# What the files leave open: the terms, and what an engine calls the milliseconds of a timestamp.
TERMS = {"horizon": "99999999999999999999", "big_above": "20000", "large_from": "10000", "below": "TRUE"}

VIEWS = {
    "orders": [
        "spend", "big_spenders", "large_orders", "revenue", "customers_per_day", "top_customers", "median_order",
    ],
    "trades": ["volume", "range", "mean", "last", "vwap", "volume_hour"],
    "words": ["totals", "windows"],
    "sensors": ["average", "seconds", "recent", "alerts"],
    "transfers": ["credits", "debits", "balance", "total"],
}


class DuckDB:
    """One open session."""

    time_ms = 'epoch_ms("time")'

    def __init__(self, threads=2):
        import duckdb

        self.session = duckdb.connect(config={"threads": threads})

    def files(self, paths):
        return f"read_parquet({[str(path) for path in paths]})"

    def relation(self, name, text, kept=False):
        self.session.execute(f"CREATE OR REPLACE TEMP {'TABLE' if kept else 'VIEW'} {name} AS {text}")

    def rows(self, text):
        found = self.session.execute(text)
        return [column[0] for column in found.description], found.fetchall()


class Spark:
    """One open session on this machine."""

    time_ms = 'unix_millis("time")'

    def __init__(self, threads=2):
        from pyspark.sql import SparkSession

        settings = {
            "spark.sql.ansi.enabled": "true",
            "spark.sql.ansi.doubleQuotedIdentifiers": "true",
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.shuffle.partitions": threads,
            "spark.ui.enabled": "false",
            "spark.log.level": "ERROR",
            # The relations are views within views.
            "spark.sql.parquet.inferTimestampNTZ.enabled": "false",
        }
        builder = SparkSession.builder.master(f"local[{threads}]")
        for name, value in settings.items():
            builder = builder.config(name, value)
        self.session = builder.getOrCreate()

    def files(self, paths):
        self.session.read.parquet(*[str(path) for path in paths]).createOrReplaceTempView("files")
        return "files"

    def relation(self, name, text, kept=False):
        self.session.sql(f"CREATE OR REPLACE TEMP VIEW {name} AS {text}")
        if kept:
            self.session.catalog.cacheTable(name)

    def rows(self, text):
        found = self.session.sql(text)
        return found.columns, [tuple(row) for row in found.collect()]


ENGINES = {"duckdb": DuckDB, "spark": Spark}


def text(path, terms):
    """A file with the terms put in."""
    found = (SQL / path).read_text()
    for name, value in terms.items():
        found = found.replace(f":{name}", value)
    return found


def prepare(engine, workload, paths, dedup):
    """Makes the relations that the views are asked of; what every view would find out again is kept."""
    terms = TERMS | {"files": engine.files(paths), "time_ms": engine.time_ms}
    engine.relation("archive", text(f"{workload}/archive.sql", terms))
    if dedup == "origin":
        engine.relation("repeated", text("repeated_by_origin.sql", terms), kept=True)
    recognised = {"origin": "records_by_origin.sql", "content": f"{workload}/records_by_content.sql"}
    # The archive holds each offset once.
    path = recognised.get(dedup)
    engine.relation("records", text(path, terms) if path else "SELECT * FROM archive")
    if (SQL / workload / "decided.sql").exists():
        engine.relation("decided", text(f"{workload}/decided.sql", terms), kept=True)
        engine.relation("in_force", text(f"{workload}/in_force.sql", terms))


def answer(engine, workload, view):
    """The rows of a view, by key."""
    columns, rows = engine.rows(text(f"{workload}/{view}.sql", TERMS))
    return dict(printed(columns, row) for row in rows)


def printed(columns, row):
    key, numbers = [], []
    for column, value in zip(columns, row):
        if column in TIMES:
            moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=int(value))
            key.append(moment.strftime(TIMES[column]))
        elif isinstance(value, str):
            key.append(value)
        else:
            numbers.append(int(value))
    return " ".join(key), numbers


def manifest(archive):
    return json.loads((pathlib.Path(archive) / "manifest.json").read_text())


def files(archive):
    return [pathlib.Path(archive) / file["name"] for file in manifest(archive)["files"]]


def expected(program, contestant, workload, view, log, dedup):
    """A contestant's rows."""
    command = [program, "answer", workload, view, "--log", log, "--contestant", contestant]
    done = subprocess.run(command + ["--dedup", dedup, "--format", "csv"], capture_output=True, text=True)
    if done.returncode != 0:
        return None
    rows = list(csv.reader(done.stdout.splitlines()))[1:]
    return {row[0]: [int(number) for number in row[1:]] for row in rows}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("engine", choices=ENGINES)
    parser.add_argument("archive")
    parser.add_argument("log")
    parser.add_argument("--dedup", default="origin")
    parser.add_argument("--wb", default="target/release/wb")
    parser.add_argument("--contestant", default="reference")
    given = parser.parse_args()
    workload, engine, wrong = manifest(given.archive)["workload"], ENGINES[given.engine](), 0
    prepare(engine, workload, files(given.archive), given.dedup)
    for view in VIEWS[workload]:
        right = expected(given.wb, given.contestant, workload, view, given.log, given.dedup)
        rows = answer(engine, workload, view)
        verdict = "not asked" if right is None else "equal" if rows == right else "DIFFERENT"
        wrong += verdict == "DIFFERENT"
        print(f"{given.engine} {workload} {view} {given.dedup}: {len(rows)} rows, {verdict}")
        if verdict == "DIFFERENT":
            keys = sorted(key for key in rows.keys() | right.keys() if rows.get(key) != right.get(key))[:5]
            print("\n".join(f"  {key}: {rows.get(key)}, not {right.get(key)}" for key in keys))
    sys.exit(3 if wrong else 0)


if __name__ == "__main__":
    main()
