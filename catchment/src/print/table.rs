//! A text table: as wide as its texts, numbers to the right.

/// On which side a column's texts stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

pub(crate) struct Table {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(columns: &[(&'static str, Align)]) -> Self {
        Self {
            columns: columns.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row: a text for each column.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    pub(crate) fn render(&self) -> String {
        let titles: Vec<String> = self
            .columns
            .iter()
            .map(|(title, _)| title.to_uppercase())
            .collect();
        let mut text = self.line(&titles);
        for row in &self.rows {
            text.push_str(&self.line(row));
        }
        text
    }

    fn line(&self, cells: &[String]) -> String {
        let columns = self.columns.iter().zip(cells).enumerate();
        let padded = columns.map(|(place, ((_, align), cell))| {
            let width = self.width(place);
            match align {
                Align::Left => format!("{cell:<width$}"),
                Align::Right => format!("{cell:>width$}"),
            }
        });
        let line = padded.collect::<Vec<_>>().join("  ");
        format!("{}\n", line.trim_end())
    }

    fn width(&self, place: usize) -> usize {
        let title = self
            .columns
            .get(place)
            .map(|(title, _)| title.chars().count());
        let cells = self
            .rows
            .iter()
            .filter_map(|row| row.get(place))
            .map(|cell| cell.chars().count());
        cells.chain(title).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Align, Table};

    #[test]
    fn columns_are_as_wide_as_their_widest_text() {
        let mut table = Table::new(&[
            ("name", Align::Left),
            ("rows", Align::Right),
            ("note", Align::Left),
        ]);
        table.row(["cats".to_owned(), "7".to_owned(), "-".to_owned()]);
        table.row([
            "dögs and more".to_owned(),
            "12,000".to_owned(),
            String::new(),
        ]);
        insta::assert_snapshot!(table.render(), @r"
        NAME             ROWS  NOTE
        cats                7  -
        dögs and more  12,000
        ");
    }
}
