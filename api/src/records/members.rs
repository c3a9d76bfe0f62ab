//! Part of a record: some of its members, each value byte for byte as it came.

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

#[cfg(test)]
mod tests {
    use super::write_some;

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
