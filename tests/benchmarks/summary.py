"""What lesson 12 shows of results/*.json: few of the numbers, in the package, because students have no tests/."""

import json

from dropout_lab.lab.fast.timing import RECORDED

KEEP = ("NumPy, as in the lessons", "lab/fast", "lab/fast (numba)", "limit: two streaming multiplies")
STEPS = (
    "NumPy, as in the lessons, 2 threads",
    "lab/fast, 2 threads",
    "PyTorch, 2 threads",
    "lab/fast without dropout, 2 threads",
    "PyTorch without dropout, 2 threads",
    "limit: its matrix products alone, 2 threads",
)


def write(results):
    """Write lab/fast/speed.json from the tables in the folder `results`; return what was written."""
    found = compact(results)
    lines = ",\n ".join(f'"{name}": {_lines(part)}' for name, part in found.items())
    RECORDED.write_text(f"{{\n {lines}\n}}\n", "utf-8")
    return found


def compact(results):
    """{"made", "machine", "rounds", "dropout", "step", "growth", "caches"}: ratios with their middle half; times."""
    tables = {name: json.loads((results / f"{name}.json").read_text("utf-8")) for name in ("dropout", "step", "growth")}
    ratios = ("what", "ratio", "ratio_low", "ratio_high")
    return {
        "made": {name: table["made"] for name, table in tables.items()},
        "rounds": {name: table["rounds"] for name, table in tables.items()},
        "machine": tables["dropout"]["machine"],
        "caches": tables["growth"]["caches"],
        "dropout": [{key: row[key] for key in ("shape", "p", *ratios)} for row in _kept(tables["dropout"], KEEP)],
        "step": [{key: row[key] for key in ratios} for row in _kept(tables["step"], STEPS)],
        "growth": [
            {"table": row["table"], "size": row[row["table"]], "what": row["what"], "ns": nanoseconds(row)}
            for row in tables["growth"]["rows"]
        ],
    }


def _kept(table, names):
    """The rows of these names, in the names' order within each shape and p."""
    rows = [row for row in table["rows"] if row["what"] in names]
    return sorted(rows, key=lambda row: (row.get("shape", []), row.get("p", 0), names.index(row["what"])))


def nanoseconds(row):
    """For an entry, or for a multiply-add."""
    return next(row[key] for key in ("ns_per_entry", "ns_per_multiply_add") if key in row)


def _lines(part):
    """A row a line."""
    if isinstance(part, dict):
        return json.dumps(part)
    return "[\n  " + ",\n  ".join(map(json.dumps, part)) + "\n ]"
