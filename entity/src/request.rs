//! What the pages were asked for with that brought the rows of a version.
//!
//! One row for each page of a commit that wrote rows of it, so that the rows themselves need not say it.

use std::collections::HashMap;

use roaring::RoaringTreemap;
use sea_orm::{ActiveValue::Set, Condition, entity::prelude::*, sea_query::OnConflict};

/// Most versions of one statement: each may have as many requests as a commit has changed rows.
const AT_ONCE: usize = 16;
/// Most characters of a URL that are kept.
const LONGEST: usize = 2000;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "request")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub resource_id: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i64,
    /// Which of the version's it is, in the order in which their pages came.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    /// As it may be shown, without secrets; of a POST with the method before it, of a file its name.
    #[sea_orm(column_type = "Text")]
    pub url: String,
    /// The least of its rows.
    pub first_rowno: i64,
    /// The greatest.
    pub last_rowno: i64,
    /// The `rowno`s of the rows that its page brought, as a serialised 64-bit roaring bitmap.
    pub rownos: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}

/// A page that brought rows.
#[derive(Clone, Debug)]
pub struct New {
    pub url: String,
    pub rownos: RoaringTreemap,
}

impl Entity {
    /// Writes down what the pages of a version were asked for with, in the transaction that writes their rows. A row that
    /// several of them brought is the last one's.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn keep(
        db: &impl ConnectionTrait,
        (resource_id, version): (i32, i64),
        requests: Vec<New>,
    ) -> Result<(), DbErr> {
        let mut later = RoaringTreemap::new();
        let mut rows = Vec::with_capacity(requests.len());
        let requests: Vec<_> = (0..).zip(requests).collect();
        for (position, mut request) in requests.into_iter().rev() {
            request.rownos -= &later;
            later |= &request.rownos;
            rows.extend(row(position, request).map(|row| ActiveModel {
                resource_id: Set(resource_id),
                version: Set(version),
                ..row
            }));
        }
        if rows.is_empty() {
            return Ok(());
        }
        let key = [Column::ResourceId, Column::Version, Column::Position];
        let columns = [
            Column::Url,
            Column::FirstRowno,
            Column::LastRowno,
            Column::Rownos,
        ];
        let conflict = OnConflict::columns(key).update_columns(columns).to_owned();
        let insert = Self::insert_many(rows).on_conflict(conflict);
        insert.exec_without_returning(db).await?;
        Ok(())
    }

    /// What brought rows as they are at a version, of each its `rowno` and that version; by `rowno`, as far as it is known.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn urls_of(
        db: &impl ConnectionTrait,
        resource_id: i32,
        rows: &[(i64, i64)],
    ) -> Result<HashMap<i64, String>, DbErr> {
        let mut of_versions: HashMap<i64, Vec<i64>> = HashMap::new();
        for (rowno, version) in rows {
            of_versions.entry(*version).or_default().push(*rowno);
        }
        let versions: Vec<i64> = of_versions.keys().copied().collect();
        let mut urls = HashMap::with_capacity(rows.len());
        for some in versions.chunks(AT_ONCE) {
            let near = some
                .iter()
                .map(|version| near(*version, &of_versions[version]));
            let near = near.fold(Condition::any(), Condition::add);
            let found = Self::find()
                .filter(Column::ResourceId.eq(resource_id))
                // Said once more as each database takes it for a range of the primary key.
                .filter(Column::Version.is_in(some.iter().copied()))
                .filter(near);
            for request in found.all(db).await? {
                let its = request.among(&of_versions[&request.version]);
                urls.extend(its.into_iter().map(|rowno| (rowno, request.url.clone())));
            }
        }
        Ok(urls)
    }
}

impl Model {
    /// Those of the rows that its page brought. What cannot be read counts as unknown.
    fn among(&self, rownos: &[i64]) -> Vec<i64> {
        let own = RoaringTreemap::deserialize_from(self.rownos.as_slice()).unwrap_or_default();
        let mut its = rownos.to_vec();
        its.retain(|rowno| own.contains(rowno.cast_unsigned()));
        its
    }
}

/// `None`: it brought nothing that stayed.
fn row(position: i32, mut request: New) -> Option<ActiveModel> {
    let (first, last) = (request.rownos.min()?, request.rownos.max()?);
    // Numbers in a row, the usual case, then cost a few bytes however many they are.
    request.rownos.optimize();
    let mut rownos = Vec::with_capacity(request.rownos.serialized_size());
    request.rownos.serialize_into(&mut rownos).ok()?;
    let mut url = request.url;
    if let Some((end, _)) = url.char_indices().nth(LONGEST) {
        url.truncate(end);
        url.push('…');
    }
    Some(ActiveModel {
        position: Set(position),
        url: Set(url),
        first_rowno: Set(first.cast_signed()),
        last_rowno: Set(last.cast_signed()),
        rownos: Set(rownos),
        ..Default::default()
    })
}

/// The requests of a version that may have brought one of these rows.
fn near(version: i64, rownos: &[i64]) -> Condition {
    let first = rownos.iter().min().copied().unwrap_or_default();
    let last = rownos.iter().max().copied().unwrap_or_default();
    Condition::all()
        .add(Column::Version.eq(version))
        .add(Column::FirstRowno.lte(last))
        .add(Column::LastRowno.gte(first))
}
