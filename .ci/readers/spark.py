"""Opens a table of a dataset with Spark, for drift.py: the code of docs/readers.md, unchanged. Needs a JVM."""

import pyspark
from dataset import TYPES
from lake import NUMBER, PyArrow, opening, snippet
from pyspark.sql import SparkSession

TYPES["Spark"] = {"int64": "bigint", "bool": "boolean"}


class Spark:
    name = "Spark"
    version = pyspark.__version__

    def __init__(self, lake, table):
        settings = {
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.log.level": "ERROR",
            # Times are in UTC.
            "spark.sql.session.timeZone": "UTC",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
        }
        self.session = SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
        names = {"spark": self.session}
        exec(opening("Spark", lake, table), names)
        self.frame = names["logs"]
        self.frame.createOrReplaceTempView("logs")

    def types(self):
        return dict(self.frame.dtypes)

    def columns(self):
        return PyArrow.columns_of(self.frame.toArrow())

    def counts(self, partitions):
        return [tuple(row) for row in self.frame.groupBy(*partitions).count().collect()]

    def find(self, column, value, key, text):
        query = snippet("filter", "Spark").replace("*", NUMBER, 1).strip(";\n")
        query = query.replace("attr_user_id = 7", f"`{column}` = :value" if column else "false")
        query = query.replace("'attr.user.id'", ":key").replace("'7'", ":text")
        return self.numbers(query, {"key": key, "text": text} | ({"value": value} if column else {}))

    def texts(self, column, key, text):
        query = f"SELECT {NUMBER} FROM logs WHERE coalesce(CAST({column} AS STRING), overflow[:key]) = :text"
        return self.numbers(query, {"key": key, "text": text})

    def numbers(self, query, named):
        return [number for (number,) in self.session.sql(query, named).collect()]

    @classmethod
    def word(cls, type):
        match type:
            case ["list", item]:
                return f"array<{cls.word(item)}>"
            case ["map"]:
                return "map<string,string>"
            case ["struct", members]:
                return f"struct<{','.join(f'{name}:{cls.word(member)}' for name, member in members.items())}>"
        return TYPES["Spark"].get(type, type)
