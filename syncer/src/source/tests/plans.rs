//! What definitions without faults become: defaults, pages, fields, fingerprints.

use std::time::Duration;

use entity::definition::{Field, Kind};

use super::{breeds, cats, pointer, source};
use crate::source::plan::{
    DeleteHow, Deletes, End, Expect, Mode, Most, OnBad, Page, Param, Place, Size, Total, Way,
    Within,
};

#[test]
fn what_is_not_said_has_a_default() {
    let source = source(&cats(""));
    assert_eq!(source.schedule.to_string(), "every 1h");
    assert_eq!(
        (source.timeout, source.max_body),
        (Duration::from_secs(30), 64 << 20)
    );
    assert_eq!(
        (source.retry.attempts, source.retry.max_wait),
        (5, Duration::from_secs(120))
    );
    let plan = source.resource("breeds").expect("breeds");
    assert_eq!(plan.mode, Mode::Mirror);
    assert_eq!(
        plan.deletes,
        Deletes {
            how: DeleteHow::Soft,
            max: Most::Share(0.2),
            flag: None,
            values: Vec::new(),
        }
    );
    assert_eq!(
        plan.expect,
        Expect {
            total: Total::Off,
            min: 0,
            max_drop: None
        }
    );
    assert_eq!(plan.definition.table, "cats_breeds");
    let id = &plan.definition.fields[0];
    assert_eq!(
        (id.name.as_str(), id.kind, id.index, id.required),
        ("id", Kind::Text, true, true)
    );
    assert_eq!(
        (&plan.rules[0].from, plan.rules[0].on_bad),
        (&pointer(&["id"]), OnBad::Reject)
    );
}

#[test]
fn a_known_total_must_be_met() {
    let page = "{ kind = 'link', total = 'header:X-Total', size_param = 'n', size = 50 }";
    let plan = breeds(&cats("").replace("{ kind = \"none\" }", page));
    let size = Size {
        param: Some(param("n")),
        records: Some(50),
    };
    assert_eq!(
        plan.page,
        Page {
            size,
            total: Some(Place::Header("x-total".to_owned())),
            ..paged(Way::Link)
        }
    );
    assert_eq!(plan.expect.total, Total::Within(0));
}

#[test]
fn defaults_are_under_each_resource() {
    let text = r#"
        [source]
        name = "cats"
        base_url = "https://cats.example"
        [defaults]
        key = "id"
        deletes = { how = "hard", max = 5 }
        page = { kind = "page", param = "page", start = 0, size_param = "limit", size = 100 }
        [resource.breeds]
        path = "/breeds"
        page.size = 25
        deletes.max = "5%"
        [resource.images]
        path = "/images"
        page = { kind = "offset", param = "skip" }
    "#;
    let source = source(text);
    let page = &source.resource("breeds").expect("breeds").page;
    let numbered = Way::Number {
        param: param("page"),
        start: 0,
    };
    assert_eq!((&page.way, page.size.records), (&numbered, Some(25)));
    assert_eq!(
        source.resources[0].deletes,
        Deletes {
            how: DeleteHow::Hard,
            max: Most::Share(0.05),
            flag: None,
            values: Vec::new(),
        }
    );
    assert_eq!(source.resources[1].deletes.max, Most::Rows(5));
    let page = paged(Way::Offset {
        param: param("skip"),
        start: 0,
    });
    assert_eq!(
        source.resources[1].page, page,
        "another kind takes nothing over"
    );
}

#[test]
fn fields_come_key_first_then_as_written() {
    let plan = breeds(&cats(
        "fields = { zebra = 'text', id = 'integer', ant = { from = '/a/b', type = 'list', split = ',' } }",
    ));
    let fields: Vec<_> = plan
        .definition
        .fields
        .iter()
        .map(|field| (field.name.as_str(), field.kind))
        .collect();
    assert_eq!(
        fields,
        [
            ("id", Kind::Integer),
            ("zebra", Kind::Text),
            ("ant", Kind::List)
        ]
    );
    assert_eq!(plan.rules[2].from, pointer(&["a", "b"]));
    assert_eq!(plan.rules[2].split.as_deref(), Some(","));
}

#[test]
fn a_rule_that_reads_another_value_has_another_fingerprint() {
    let field = |table: &str| -> Field {
        let plan = breeds(&cats(&format!("fields.name = {table}")));
        plan.definition.field("name").expect("name").clone()
    };
    let plain = field("{ type = 'integer' }");
    assert_eq!(
        plain.rule,
        field("{ type = 'integer', from = '/name' }").rule
    );
    let others = [
        "from = '/x'",
        "match = '.'",
        "min = 1",
        "max = 1",
        "values = ['1']",
        "required = true",
        "on_bad = 'reject'",
    ];
    for other in others {
        assert_ne!(
            plain.rule,
            field(&format!("{{ type = 'integer', {other} }}")).rule,
            "{other}"
        );
    }
}

fn param(name: &str) -> Param {
    Param {
        name: name.to_owned(),
        within: Within::Query,
    }
}

fn paged(way: Way) -> Page {
    Page {
        way,
        size: Size::default(),
        total: None,
        more: None,
        end: End::Empty,
        max: None,
    }
}
