"""Tables as a diagram, out of SQLite's own catalogue: DATABASE platform|records prints it as a text for Graphviz.

`platform` are the tables that `catchment migrate up` makes, `records` those of the resources that are registered.
"""

import json
import sqlite3
import sys
from itertools import groupby
from textwrap import wrap

# References that a column's name does not tell. No foreign key is declared anywhere.
MORE = {
    ("run", "resumed_from"): ("run", "id"),
    ("request", "version"): ("version", "version"),
}
HEAD = """\
// {about} Made by .ci/papers --write out of a database.
digraph schema {{
  graph [fontname="Verdana" fontsize=15 pad=0.3 nodesep=0.25 ranksep=1.1 rankdir=LR label="{title}" labelloc=t]
  node [fontname="Verdana" fontsize=11 shape=plain]
  edge [fontname="Verdana" fontsize=10 color="#555555" arrowhead=none arrowtail=crow dir=both]

"""


def main(path, wanted):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        resources = db.execute("SELECT table_name, projection FROM resource").fetchall()
        tables = [Table(db, name) for name in names(db)]
    mains = {table for table, _ in resources}
    records = [table for table in tables if table.name.partition("__")[0] in mains]
    if wanted == "records":
        sys.stdout.write(of_records(records, mains, resources))
    else:
        sys.stdout.write(of_platform([table for table in tables if table not in records]))
    return 0


def names(db):
    found = db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
    return [name for (name,) in found]


class Table:
    def __init__(self, db, name):
        self.name = name
        self.columns = [(column, kind.lower(), bool(null or key), key) for _, column, kind, null, _, key in rows(db, "table_info", name)]
        self.unique, self.indexes = [], []
        for _, index, unique, origin, _ in sorted(rows(db, "index_list", name), key=lambda row: row[1]):
            columns = [column for _, _, column in rows(db, "index_info", index)]
            if origin != "pk":
                (self.unique if unique else self.indexes).append(columns)
        self.key = [column for column, _, _, key in sorted(self.columns, key=lambda column: column[3]) if key]

    def has(self, column):
        return any(column == name for name, *_ in self.columns)

    def mark(self, column):
        alone = [column]
        if column in self.key:
            return "key"
        return "unique" if alone in self.unique else "index" if alone in self.indexes else ""

    def lines(self):
        """What holds of several columns together."""
        for kind, several in (("unique", self.unique), ("index", self.indexes)):
            for columns in several:
                if len(columns) > 1:
                    yield f"{kind} ({', '.join(columns)})"


def rows(db, pragma, name):
    return db.execute(f"SELECT * FROM pragma_{pragma}(?)", [name]).fetchall()


def of_platform(tables):
    by_name = {table.name: table for table in tables}
    parts = [HEAD.format(about="The platform tables.", title="The platform tables")]
    parts += [drawn(table, [[column] for column in table.columns]) for table in tables]
    for table in tables:
        for column, *_ in table.columns:
            to = MORE.get((table.name, column))
            if not to and column.endswith("_id"):
                to = (column.removesuffix("_id"), "id")
            if to:
                parts.append(edge(table, column, by_name, *to))
    missing = [place for place in MORE if place[0] not in by_name or not by_name[place[0]].has(place[1])]
    if missing:
        raise SystemExit(f"schema.py knows references that are not there: {missing}")
    return "".join(parts) + "}\n"


def of_records(tables, mains, resources):
    by_name = {table.name: table for table in tables}
    title = "The record tables of the demo: fields of one type that follow one another stand in one line"
    parts = [HEAD.format(about="The record tables of the demo.", title=title)]
    for table in tables:
        kinds = groupby(table.columns, key=lambda column: (column[1:], table.mark(column[0])))
        parts.append(drawn(table, [list(columns) for _, columns in kinds]))
    for table in tables:
        if table.name not in mains:
            parts.append(edge(table, "rowno", by_name, table.name.partition("__")[0], "rowno"))
    for child, projection in resources:
        definition = json.loads(projection)
        parent = definition.get("parent")
        for column, of in parent["copy"] if parent else ():
            parts.append(edge(by_name[child], column, by_name, f"{definition['source']}_{parent['resource']}", of))
    return "".join(parts) + "}\n"


def edge(table, column, tables, to, its):
    if to not in tables or not tables[to].has(its):
        raise SystemExit(f"{table.name}.{column}: there is no {to}.{its}")
    # A table that stands for itself has no arrow through the others.
    ports = f'"{table.name}":"{column}_":e -> "{to}":' + (f'"{its}_":e' if to == table.name else f'"{its}":w')
    return f"  {ports}{' [arrowtail=none]' if table.key == [column] else ''}\n"


def drawn(table, groups):
    lines = [f'  "{table.name}" [label=<<table border="0" cellborder="0" cellspacing="0" cellpadding="2" bgcolor="#eef4fb">']
    lines.append(f'    <tr><td colspan="3" bgcolor="#1168bd"><font color="white"><b>{table.name}</b></font></td></tr>')
    for group in groups:
        name, kind, needed, _ = group[0]
        text = "<br align=\"left\"/>".join(wrap(", ".join(column for column, *_ in group), 44))
        text += '<br align="left"/>' if "<br" in text else ""
        mark = table.mark(name)
        text = f"<b>{text}</b>" if mark == "key" else text
        kind = kind if needed else f"{kind}, null"
        lines.append(
            f'    <tr><td align="left" port="{name}">{text}</td><td align="left">{grey(kind)}</td>'
            f'<td align="left" port="{name}_">{grey(mark)}</td></tr>'
        )
    for line in table.lines():
        lines.append(f'    <tr><td colspan="3" align="left">{grey(line)}</td></tr>')
    return "\n".join([*lines, "  </table>>]\n"])


def grey(text):
    # Graphviz breaks down over a font that has no text.
    return f'<font color="#555555">{text}</font>' if text else ""


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
