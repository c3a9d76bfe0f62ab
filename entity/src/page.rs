//! What is known of the pages of a resource, so that one that did not change costs no more than its request.

use sea_orm::{
    ActiveValue::Set, QueryOrder, QuerySelect, entity::prelude::*, sea_query::OnConflict,
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "page")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique_key = "resource_request")]
    pub resource_id: i32,
    /// Hash of all that the page was asked for with.
    #[sea_orm(unique_key = "resource_request")]
    pub request: Vec<u8>,
    /// Fingerprint of how the page was fetched and read: under another one nothing is known of it.
    pub plan: String,
    /// The `rowno` of the parent whose page it is; 0: it has none, or several.
    pub parent: i64,
    /// The answer's `ETag` (RFC 9110, section 8.8.3).
    #[sea_orm(column_type = "Text", nullable)]
    pub etag: Option<String>,
    /// The answer's `Last-Modified`.
    pub last_modified: Option<String>,
    /// Hash of the answer: its body, and what its headers say of the way on.
    pub answer: Vec<u8>,
    /// What came of it, as JSON: how many records, and what it said of the way on.
    #[sea_orm(column_type = "Text")]
    pub came: String,
    /// The `rowno`s of its records, as a serialised 64-bit roaring bitmap, and the ids of its rejects, as another.
    pub seen: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}

/// A page as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct New {
    pub request: Vec<u8>,
    pub plan: String,
    pub parent: i64,
    pub etag: Option<String>,
    pub last_modified: Option<String>,
    pub answer: Vec<u8>,
    pub came: String,
    pub seen: Vec<u8>,
}

impl Entity {
    /// What is known of the pages after the one with the id `after`, in the order in which they were first written.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn after(
        db: &impl ConnectionTrait,
        resource_id: i32,
        after: i64,
        limit: u64,
    ) -> Result<Vec<Model>, DbErr> {
        let pages = Self::find()
            .filter(Column::ResourceId.eq(resource_id))
            .filter(Column::Id.gt(after))
            .order_by_asc(Column::Id);
        pages.limit(limit).all(db).await
    }

    /// What is known of the page that is asked for with `request`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn by_request(
        db: &impl ConnectionTrait,
        resource_id: i32,
        request: &[u8],
    ) -> Result<Option<Model>, DbErr> {
        let page = Self::find()
            .filter(Column::ResourceId.eq(resource_id))
            .filter(Column::Request.eq(request.to_vec()));
        page.one(db).await
    }

    /// What is known of the pages of a parent's walk.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn of_parent(
        db: &impl ConnectionTrait,
        resource_id: i32,
        parent: i64,
    ) -> Result<Vec<Model>, DbErr> {
        let pages = Self::find()
            .filter(Column::ResourceId.eq(resource_id))
            .filter(Column::Parent.eq(parent));
        pages.all(db).await
    }

    /// How many pages of a resource are known.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn count_of(db: &impl ConnectionTrait, resource_id: i32) -> Result<u64, DbErr> {
        let pages = Self::find().filter(Column::ResourceId.eq(resource_id));
        pages.count(db).await
    }

    /// How many pages of each parent's walk are known, fetched and read as `plan` says; by its `rowno`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn per_parent(
        db: &impl ConnectionTrait,
        resource_id: i32,
        plan: &str,
    ) -> Result<Vec<(i64, i64)>, DbErr> {
        let pages = Self::find()
            .select_only()
            .column(Column::Parent)
            .column_as(Column::Id.count(), "pages")
            .filter(Column::ResourceId.eq(resource_id))
            .filter(Column::Plan.eq(plan))
            .filter(Column::Parent.ne(0))
            .group_by(Column::Parent);
        pages.into_tuple().all(db).await
    }

    /// Writes down what came, in the transaction that wrote it.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn keep(
        db: &impl ConnectionTrait,
        resource_id: i32,
        pages: Vec<New>,
    ) -> Result<(), DbErr> {
        let rows = pages.into_iter().map(|page| ActiveModel {
            resource_id: Set(resource_id),
            request: Set(page.request),
            plan: Set(page.plan),
            parent: Set(page.parent),
            etag: Set(page.etag),
            last_modified: Set(page.last_modified),
            answer: Set(page.answer),
            came: Set(page.came),
            seen: Set(page.seen),
            ..Default::default()
        });
        let rows: Vec<ActiveModel> = rows.collect();
        if rows.is_empty() {
            return Ok(());
        }
        let columns = [
            Column::Plan,
            Column::Parent,
            Column::Etag,
            Column::LastModified,
            Column::Answer,
            Column::Came,
            Column::Seen,
        ];
        let conflict = OnConflict::columns([Column::ResourceId, Column::Request])
            .update_columns(columns)
            .to_owned();
        Self::insert_many(rows)
            .on_conflict(conflict)
            .exec_without_returning(db)
            .await?;
        Ok(())
    }

    /// The ids of the pages of a resource up to the id `last`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn ids_until(
        db: &impl ConnectionTrait,
        resource_id: i32,
        last: i64,
    ) -> Result<Vec<i64>, DbErr> {
        let ids = Self::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::ResourceId.eq(resource_id))
            .filter(Column::Id.lte(last));
        ids.into_tuple().all(db).await
    }

    /// The greatest id of a resource's pages; 0: it has none.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn last(db: &impl ConnectionTrait, resource_id: i32) -> Result<i64, DbErr> {
        let last = Self::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::ResourceId.eq(resource_id))
            .order_by_desc(Column::Id);
        Ok(last.into_tuple().one(db).await?.unwrap_or(0))
    }

    /// Forgets pages.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn forget(db: &impl ConnectionTrait, ids: &[i64]) -> Result<(), DbErr> {
        for some in ids.chunks(1000) {
            Self::delete_many()
                .filter(Column::Id.is_in(some.iter().copied()))
                .exec(db)
                .await?;
        }
        Ok(())
    }

    /// Forgets all pages of a resource.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn forget_all(db: &impl ConnectionTrait, resource_id: i32) -> Result<(), DbErr> {
        Self::delete_many()
            .filter(Column::ResourceId.eq(resource_id))
            .exec(db)
            .await?;
        Ok(())
    }
}
