//! Part of a record: some of its members, each value byte for byte as it came; and a record with members of ours.

use entity::Members;

/// Writes onto `body` the members of `payload` that are in `wanted`; those that it lacks are left out.
pub(crate) fn write_some(
    body: &mut String,
    payload: &str,
    wanted: &[&str],
) -> Result<(), serde_json::Error> {
    let Members(members) = serde_json::from_str(payload)?;
    let chosen = members
        .iter()
        .filter(|(name, _)| wanted.contains(&name.as_str()));
    body.push('{');
    for (index, (name, value)) in chosen.enumerate() {
        if index > 0 {
            body.push(',');
        }
        body.push_str(&serde_json::to_string(name)?);
        body.push(':');
        body.push_str(value.get());
    }
    body.push('}');
    Ok(())
}

/// `record` with `ours` as its last members; its own keep their bytes, but those of the same names are left out.
///
/// What is no object has no members, and stays as it is.
pub(super) fn with_ours(
    mut record: String,
    ours: &[(&str, String)],
) -> Result<String, serde_json::Error> {
    if ours.is_empty() || !record.trim_start().starts_with('{') {
        return Ok(record);
    }
    // A name may be written with escapes, too.
    let may_have = |(name, _): &(&str, String)| record.contains(name) || record.contains("\\u");
    if ours.iter().any(may_have) {
        record = without(&record, ours)?;
    }
    let Some(end) = record.rfind('}') else {
        return Ok(record);
    };
    record.truncate(record[..end].trim_end().len());
    for (name, value) in ours {
        if !record.ends_with('{') {
            record.push(',');
        }
        record.push_str(&serde_json::to_string(name)?);
        record.push(':');
        record.push_str(value);
    }
    record.push('}');
    Ok(record)
}

/// `record` without members of these names; what stands between the others keeps its bytes.
fn without(record: &str, names: &[(&str, String)]) -> Result<String, serde_json::Error> {
    let Members(members) = serde_json::from_str(record)?;
    let is_ours = |name: &String| names.iter().any(|(ours, _)| ours == name);
    if !members.iter().any(|(name, _)| is_ours(name)) {
        return Ok(record.to_owned());
    }
    let start = record.find('{').map_or(0, |at| at + 1);
    let (mut kept, mut from) = (Vec::new(), start);
    for (name, value) in &members {
        // The value is a part of the record's own text.
        let end = value.get().as_ptr() as usize - record.as_ptr() as usize + value.get().len();
        if !is_ours(name) {
            let with_comma = record[from..end].trim_start();
            kept.push(with_comma.strip_prefix(',').unwrap_or(&record[from..end]));
        }
        from = end;
    }
    Ok(format!("{{{}}}", kept.join(",")))
}

#[cfg(test)]
mod tests {
    use super::{with_ours, write_some};

    #[test]
    fn ours_come_last_and_all_else_keeps_its_bytes() {
        let check = |record: &str, expected: &str| {
            let ours = [("_a", "1".to_owned()), ("_b", "{}".to_owned())];
            let found = with_ours(record.to_owned(), &ours).expect("an object");
            assert_eq!(found, expected);
        };
        check("{}", r#"{"_a":1,"_b":{}}"#);
        check(" { } ", r#" {"_a":1,"_b":{}}"#);
        check(
            "{ \"z\": 1.10,\n \"dup\":1, \"dup\" : \"}\" }\n",
            "{ \"z\": 1.10,\n \"dup\":1, \"dup\" : \"}\",\"_a\":1,\"_b\":{}}",
        );
        check(
            r#"{"x":{"_a":2}, "y" : "_b"}"#,
            r#"{"x":{"_a":2}, "y" : "_b","_a":1,"_b":{}}"#,
        );
        check(r#"{"_a":[2]}"#, r#"{"_a":1,"_b":{}}"#);
        check(
            r#"{"_a":2, "x": 1 ,"\u005fb":3,"y":"é"}"#,
            r#"{ "x": 1,"y":"é","_a":1,"_b":{}}"#,
        );
        check(r#"[{"_a":2}]"#, r#"[{"_a":2}]"#);
        check("7", "7");
    }

    #[test]
    fn without_ours_nothing_changes() {
        let found = with_ours(" { } ".to_owned(), &[]).expect("nothing is parsed");
        assert_eq!(found, " { } ");
    }

    #[test]
    fn values_keep_their_bytes_and_members_their_order() {
        let check = |payload, wanted: &[&str], expected| {
            let mut body = String::new();
            write_some(&mut body, payload, wanted).expect("an object");
            assert_eq!(body, expected);
        };
        check(
            r#"{"b": 1.10, "a":12345678901234567890 ,"c":[1, 2]}"#,
            &["a", "b", "x"],
            r#"{"b":1.10,"a":12345678901234567890}"#,
        );
        check(
            r#"{"\u00e9":"\u00e9\/","x":{}}"#,
            &["é"],
            r#"{"é":"\u00e9\/"}"#,
        );
        check(r#"{"a":1}"#, &[], "{}");
    }

    #[test]
    fn what_is_no_object_has_no_members() {
        assert!(write_some(&mut String::new(), "[1]", &["a"]).is_err());
    }
}
