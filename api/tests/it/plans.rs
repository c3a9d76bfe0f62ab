//! Every list that is accepted goes along an index or sorts few rows: the databases' own plans say so.

use entity::{
    definition::{Cell, Definition, Field, Kind as Type},
    record::{self, Direction, Does, Filter, Position, Selection, SortKey, Step, Test, Window},
};
use testdb::Kind;

use crate::{
    cats::{text, value},
    depth::{crowded_by, searchable},
    world::World,
};

/// A list that could be asked for.
#[derive(Debug)]
struct Asked<'a> {
    filters: &'a [Filter],
    sort: &'a [SortKey],
    from: Option<Position>,
    direction: Direction,
}

#[tokio::test]
async fn every_operator_and_sort_is_a_walk_or_a_sort_of_few() {
    let definition = searchable();
    let (filters, sorts) = (filters(&definition), sorts(&definition));
    for kind in testdb::kinds() {
        let world = crowded_by(kind, &definition).await;
        let mut ways = [0, 0];
        for asked in lists(&filters, &sorts) {
            let steps = steps(&world, &definition, &asked).await;
            let wrong = steps.iter().flat_map(|step| objections(kind, step));
            let wrong: Vec<&str> = wrong.collect();
            assert_eq!(wrong, [""; 0], "{asked:?} on {kind:?}: {steps:#?}");
            ways[usize::from(steps[0].does == Does::Walk)] += 1;
        }
        assert!(ways.iter().all(|steps| *steps > 100), "{ways:?}");
    }
}

async fn steps(world: &World, definition: &Definition, asked: &Asked<'_>) -> Vec<Step> {
    let selection = Selection {
        definition,
        filters: asked.filters,
        of: None,
    };
    let window = Window {
        sort: asked.sort,
        from: asked.from.as_ref(),
        direction: asked.direction,
        limit: 10,
    };
    let steps = record::explain(&world.db, selection, window).await;
    let steps = steps.expect("it is explained");
    assert!(!steps.is_empty(), "{asked:?}");
    steps
}

/// No filter with each sort at each place, and each operator with each sort, of the same field and of others.
fn lists<'a>(filters: &'a [Vec<Filter>], sorts: &'a [Vec<SortKey>]) -> Vec<Asked<'a>> {
    let mut lists = Vec::new();
    for (at, filters) in filters.iter().enumerate() {
        let field = |sort: &[SortKey]| sort.first().map(|key| key.field.name.clone());
        let own = filters.first().map(|filter| filter.field.name.clone());
        for (turn, sort) in sorts.iter().enumerate() {
            let is_own = own.is_some() && own == field(sort);
            let places = places(sort).into_iter().enumerate();
            let some = places.filter(|(place, _)| {
                filters.is_empty()
                    || (is_own || at % 5 == turn % 5) && (at + turn / 2) % 3 == *place
            });
            lists.extend(some.map(|(_, (from, direction))| Asked {
                filters,
                sort,
                from,
                direction,
            }));
        }
    }
    lists
}

/// No filter, and each of the definition's fields, and of what is made of them, by each operator.
fn filters(definition: &Definition) -> Vec<Vec<Filter>> {
    let indexed = definition
        .fields
        .iter()
        .filter(|field| field.index)
        .cloned();
    let filters = indexed.chain(definition.derived()).flat_map(|field| {
        let tests = tests_of(&field).into_iter();
        tests.map(move |test| (field.clone(), test))
    });
    let filters = filters.map(|(field, test)| vec![Filter { field, test }]);
    [Vec::new()].into_iter().chain(filters).collect()
}

/// One test of each operator that the field has, with many rows and, where values differ, with few.
fn tests_of(field: &Field) -> Vec<Test> {
    if matches!(field.name.as_str(), "q" | "name__contains") {
        let has = ["cat", "4999", "9"].map(|item| Test::Has(item.to_owned()));
        let begins = ["c", "at 4", "499"].map(|text| Test::StartsWith(text.to_owned()));
        return has.into_iter().chain(begins).collect();
    }
    if field.kind == Type::List {
        return vec![
            Test::Has("Gentle".to_owned()),
            Test::HasAny(vec!["Gentle".to_owned(), "Active".to_owned()]),
            Test::Has("Lazy".to_owned()),
            Test::IsNull(true),
            Test::IsNull(false),
        ];
    }
    let (low, high) = match field.name.as_str() {
        "id" => ("b00100", "b14000"),
        "name" => ("cat 1", "cat 4"),
        "weight" => ("100", "14000"),
        "price" => ("100.5", "14000.5"),
        "mass" => ("100.25", "4000.25"),
        "rating" => ("10.125", "600"),
        "born" => ("1100-02-01", "8000-02-01"),
        "seen" => ("1100-11-21T08:00:00Z", "8000-11-21T08:00:00Z"),
        "coat" => ("long", "short"),
        "hairless" => {
            let both = [true, false].map(|is| Test::Equals(Cell::Boolean(is)));
            let nulls = [true, false].map(Test::IsNull);
            return both.into_iter().chain(nulls).collect();
        }
        other => panic!("no values for {other}"),
    };
    let (low, high) = (value(&field.name, low), value(&field.name, high));
    let mut tests = vec![
        Test::Equals(low.clone()),
        Test::Among(vec![low.clone(), high.clone()]),
        Test::NotAmong(vec![low.clone(), high.clone()]),
        Test::IsNull(true),
        Test::IsNull(false),
    ];
    tests.extend([Test::Above(low.clone()), Test::AtLeast(high.clone())]);
    tests.extend([Test::Below(high), Test::AtMost(low)]);
    if field.kind == Type::Text {
        tests.extend(["c", "b00"].map(|prefix| Test::StartsWith(prefix.to_owned())));
    }
    tests
}

fn sorts(definition: &Definition) -> Vec<Vec<SortKey>> {
    let sortable = definition
        .fields
        .iter()
        .filter(|field| field.index && field.kind != Type::List);
    let both = sortable.flat_map(|field| {
        [false, true].map(|descending| {
            let field = field.clone();
            vec![SortKey { field, descending }]
        })
    });
    let order = [false, true].map(|reversed| {
        let keys = definition.orders[0].iter().map(|key| SortKey {
            field: definition.field(&key.field).expect("a field").clone(),
            descending: key.descending != reversed,
        });
        keys.collect()
    });
    both.chain([Vec::new()]).chain(order).collect()
}

/// The first page, and one in the middle, read both ways.
fn places(sort: &[SortKey]) -> Vec<(Option<Position>, Direction)> {
    let values = sort.iter().map(|key| match key.field.kind {
        Type::Text => text("cat 2"),
        Type::Integer => Cell::Integer(7000),
        Type::Boolean => Cell::Boolean(true),
        Type::Float => Cell::Float(100.5),
        Type::Decimal { .. } => value(&key.field.name, "1000"),
        Type::Date => value("born", "5000-01-01"),
        _ => value("seen", "5000-01-01T00:00:00Z"),
    });
    let rowno = 7000;
    let middle = Position {
        values: values.collect(),
        rowno,
    };
    vec![
        (None, Direction::Forward),
        (Some(middle.clone()), Direction::Forward),
        (Some(middle), Direction::Backward),
    ]
}

/// What of a step reads a table from end to end, or sorts what is not known to be few.
fn objections(kind: Kind, step: &Step) -> Vec<&str> {
    let may_sort = step.does == Does::Sort;
    let lines = step.plan.iter().map(String::as_str);
    // The rows in their own order are the table in its.
    let in_own_order = step.does == Does::Walk && step.index.is_empty();
    let bad = |line: &&str| match kind {
        Kind::Sqlite => match line {
            line if line.contains("TEMP B-TREE") => !may_sort,
            line if line.starts_with("SCAN") => !(in_own_order || line.contains("USING INDEX")),
            line if line.starts_with("SEARCH") => {
                !line.contains("INDEX") && !line.contains("PRIMARY KEY")
            }
            _ => false,
        },
        Kind::MySql | Kind::MariaDb => {
            let sorts = line.contains("filesort") || line.contains("temporary");
            let scans = line.contains(": ALL ") && !line.starts_with('<');
            (sorts && !may_sort) || scans
        }
    };
    lines.filter(bad).collect()
}
