//! Reads an export and hands it to the answer's body, piece by piece.

use std::{error::Error, fmt, sync::Arc, time::Duration};

use axum::body::Bytes;
use entity::{
    definition::Field,
    record::{Content, PieceRow, Selection},
};
use sea_orm::DbErr;
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    time::timeout,
};

use super::{
    body::{Handed, Pieces},
    csv, ndjson,
    query::{Asked, Format},
    snapshot::Snapshot,
};
use crate::{registry::Resource, settings::Settings};

/// An export that is about to begin.
pub(super) struct Export {
    pub(super) resource: Arc<Resource>,
    pub(super) asked: Asked,
    pub(super) rows: Snapshot,
    /// Held to its end.
    pub(super) place: OwnedSemaphorePermit,
}

/// Why an export was cut off.
#[derive(Debug)]
enum Cut {
    Database(DbErr),
    /// A record of which part is wanted is no object.
    Unreadable(serde_json::Error),
    Stalled,
    TooLong,
    /// The client went away.
    Gone,
}

/// Starts a task that ends with the body it hands its pieces to.
pub(super) fn start(export: Export, settings: &Settings) -> Pieces {
    let (stall, longest) = (settings.export_stall, settings.export_timeout);
    Pieces::from_task(async move |to| {
        let table = export.resource.definition.table.clone();
        let ended = timeout(longest, run(export, Handing { to, stall })).await;
        match ended.unwrap_or(Err(Cut::TooLong)) {
            Ok(rows) => tracing::debug!(resource = table, rows, "exported"),
            Err(Cut::Gone) => tracing::debug!(resource = table, "the client left an export"),
            Err(cut) => {
                let error = cut.source().map(ToString::to_string);
                tracing::warn!(resource = table, reason = %cut, error, "an export was cut off");
            }
        }
    })
}

/// Returns how many rows there were.
async fn run(export: Export, handing: Handing) -> Result<u64, Cut> {
    let Export {
        resource,
        asked,
        mut rows,
        place,
    } = export;
    let selection = Selection {
        definition: &resource.definition,
        filters: &asked.filters,
        of: None,
    };
    let columns: Vec<&Field> = asked.columns.iter().collect();
    let content = match asked.format {
        Format::Ndjson => Content::Payload,
        Format::Csv => Content::Fields(&columns),
    };
    let mut text = head(&asked);
    let mut count = 0;
    loop {
        let piece = rows.next(selection, content).await.map_err(Cut::Database)?;
        if piece.is_empty() {
            break;
        }
        for row in &piece {
            write_row(&mut text, &asked, row).map_err(Cut::Unreadable)?;
        }
        count += piece.len() as u64;
        handing.hand(Handed::Bytes(take(&mut text))).await?;
    }
    if asked.format == Format::Ndjson && asked.has_end_line {
        ndjson::write_end(&mut text, count, rows.version);
    }
    // The client may take its time for the rest.
    drop((rows, place));
    if !text.is_empty() {
        handing.hand(Handed::Bytes(take(&mut text))).await?;
    }
    handing.hand(Handed::End { rows: count }).await?;
    Ok(count)
}

fn take(text: &mut String) -> Bytes {
    std::mem::take(text).into()
}

fn head(asked: &Asked) -> String {
    match asked.format {
        Format::Ndjson => String::new(),
        Format::Csv => csv::head(&asked.columns),
    }
}

fn write_row(text: &mut String, asked: &Asked, row: &PieceRow) -> Result<(), serde_json::Error> {
    match asked.format {
        Format::Ndjson => ndjson::write_record(text, &row.payload, asked.members.as_deref()),
        Format::Csv => {
            csv::write_record(text, &row.cells);
            Ok(())
        }
    }
}

/// The way to the body.
struct Handing {
    to: mpsc::Sender<Handed>,
    /// Longest time that the body may leave everything where it is.
    stall: Duration,
}

impl Handing {
    async fn hand(&self, piece: Handed) -> Result<(), Cut> {
        match timeout(self.stall, self.to.send(piece)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Cut::Gone),
            Err(_) => Err(Cut::Stalled),
        }
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Database(_) => "the database failed",
            Self::Unreadable(_) => "a record is no object",
            Self::Stalled => "the client took nothing for `api.export_stall`",
            Self::TooLong => "it took longer than `api.export_timeout`",
            Self::Gone => "the client went away",
        })
    }
}

impl Error for Cut {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Database(error) => Some(error),
            Self::Unreadable(error) => Some(error),
            Self::Stalled | Self::TooLong | Self::Gone => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_that_takes_nothing_is_not_waited_for() {
        let (to, mut body) = mpsc::channel(1);
        let stall = Duration::from_millis(1);
        let handing = Handing { to, stall };
        let piece = || Handed::Bytes(Bytes::from_static(b"x"));
        assert!(handing.hand(piece()).await.is_ok());
        assert!(matches!(handing.hand(piece()).await, Err(Cut::Stalled)));
        assert!(body.recv().await.is_some());
        assert!(handing.hand(piece()).await.is_ok());
        drop(body);
        assert!(matches!(handing.hand(piece()).await, Err(Cut::Gone)));
    }
}
