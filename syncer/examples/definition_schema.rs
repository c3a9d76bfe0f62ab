//! Prints the JSON Schema of a definition, as `syncer/sources/definition.schema.json` holds it.

use std::io::Write;

fn main() -> std::io::Result<()> {
    let schema = serde_json::to_string_pretty(&syncer::source::schema())?;
    writeln!(std::io::stdout(), "{schema}")
}
