//! What a resource's table holds: the definition that readers may use, and the one that is being made of it.

use sea_orm::entity::prelude::*;

use super::{Column, Entity, Model};
use crate::{
    access::Rule,
    definition::{Definition, Kind},
};

/// How often it is tried to write down a rule while somebody else alters the table.
const TRIES: usize = 3;

impl Model {
    /// The fields that readers may use now.
    ///
    /// # Errors
    /// The stored text is not a definition that this version of Catchment reads.
    pub fn definition(&self) -> Result<Definition, DbErr> {
        serde_json::from_str(&self.definition).map_err(|error| unreadable(&self.name, &error))
    }

    /// Whether its rows come from callers of the api.
    pub fn is_local(&self) -> bool {
        // What cannot be read is nobody's to write.
        self.definition()
            .is_ok_and(|definition| definition.local.is_some())
    }

    /// The same, with the indexes that stand now: those of a new table are made when its first run has ended. Before there
    /// is a table, nothing needs one.
    ///
    /// # Errors
    /// The stored text is not a definition that this version of Catchment reads.
    pub fn offered(&self) -> Result<Definition, DbErr> {
        let mut definition = self.definition()?;
        if self.indexed || self.projection.is_empty() {
            return Ok(definition);
        }
        definition.orders.clear();
        definition.search.clear();
        // The items of lists are indexed from the beginning.
        let columns = definition.fields.iter_mut();
        for field in columns.filter(|field| field.kind != Kind::List) {
            field.index = false;
            field.contains = false;
        }
        Ok(definition)
    }

    /// What the table's columns hold; `None` before the table is made.
    ///
    /// # Errors
    /// The stored text is not a definition that this version of Catchment reads.
    pub fn projection(&self) -> Result<Option<Definition>, DbErr> {
        if self.projection.is_empty() {
            return Ok(None);
        }
        serde_json::from_str(&self.projection)
            .map(Some)
            .map_err(|error| unreadable(&self.name, &error))
    }

    /// The `rowno` behind which rows are still to be filled for `definition`; `None`: its columns do not stand yet.
    pub fn filled_for(&self, definition: &Definition) -> Option<i64> {
        let filling: Definition = serde_json::from_str(self.filling.as_ref()?).ok()?;
        self.filled.filter(|_| filling == *definition)
    }
}

impl Entity {
    /// Writes down who may read the resource, at once and without the lease: that has nothing to do with what its table
    /// holds, and nobody is to read on until that is altered. Returns the resource as it is then.
    ///
    /// # Errors
    /// The database does not answer.
    pub(super) async fn ruled(
        db: &impl ConnectionTrait,
        mut known: Model,
        rule: Option<&Rule>,
    ) -> Result<Model, DbErr> {
        for _ in 0..TRIES {
            if known.definition()?.read.as_ref() == rule {
                break;
            }
            let projection = match known.projection()? {
                Some(projection) => with_rule(projection, rule)?,
                None => String::new(),
            };
            let filling = known
                .filling
                .as_deref()
                .map(serde_json::from_str)
                .transpose();
            let filling = filling.map_err(|error| unreadable(&known.name, &error))?;
            let filling = filling
                .map(|filling| with_rule(filling, rule))
                .transpose()?;
            // Over what was read only: whoever has the lease may write another definition meanwhile.
            let written = Self::update_many()
                .col_expr(
                    Column::Definition,
                    Expr::value(with_rule(known.definition()?, rule)?),
                )
                .col_expr(Column::Projection, Expr::value(projection))
                .col_expr(Column::Filling, Expr::value(filling))
                .filter(Column::Id.eq(known.id))
                .filter(Column::Definition.eq(&known.definition))
                .filter(Column::Projection.eq(&known.projection))
                .exec(db)
                .await?;
            let renewed = Self::find_by_id(known.id).one(db).await?;
            known = renewed.unwrap_or(known);
            if written.rows_affected > 0 {
                break;
            }
        }
        Ok(known)
    }

    /// Writes down that the table's columns hold what `definition` says, and offers it to readers.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn projected(
        db: &impl ConnectionTrait,
        id: i32,
        definition: &Definition,
    ) -> Result<(), DbErr> {
        Self::altering(db, id, definition, definition).await
    }

    /// Writes down, before the table is altered, what readers may use meanwhile, and what the table will
    /// surely hold whenever that is broken off.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn altering(
        db: &impl ConnectionTrait,
        id: i32,
        offered: &Definition,
        surely: &Definition,
    ) -> Result<(), DbErr> {
        Self::update_many()
            .col_expr(Column::Definition, Expr::value(as_json(offered)?))
            .col_expr(Column::Projection, Expr::value(as_json(surely)?))
            .col_expr(Column::Filling, Expr::value(Option::<String>::None))
            .col_expr(Column::Filled, Expr::value(Option::<i64>::None))
            .filter(Column::Id.eq(id))
            .exec(db)
            .await?;
        Ok(())
    }

    /// Writes down that the columns of `definition` stand, and that no row is filled yet.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn fills(
        db: &impl ConnectionTrait,
        id: i32,
        definition: &Definition,
    ) -> Result<(), DbErr> {
        Self::update_many()
            .col_expr(Column::Filling, Expr::value(as_json(definition)?))
            .col_expr(Column::Filled, Expr::value(0_i64))
            .filter(Column::Id.eq(id))
            .exec(db)
            .await?;
        Ok(())
    }

    /// Writes down how far they are filled, in the transaction that filled them.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn filled(db: &impl ConnectionTrait, id: i32, rowno: i64) -> Result<(), DbErr> {
        Self::update_many()
            .col_expr(Column::Filled, Expr::value(rowno))
            .filter(Column::Id.eq(id))
            .exec(db)
            .await?;
        Ok(())
    }

    /// Writes down that the table's fields have their indexes.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn indexed(db: &impl ConnectionTrait, id: i32) -> Result<(), DbErr> {
        Self::update_many()
            .col_expr(Column::Indexed, Expr::value(true))
            .filter(Column::Id.eq(id))
            .exec(db)
            .await?;
        Ok(())
    }
}

fn with_rule(definition: Definition, rule: Option<&Rule>) -> Result<String, DbErr> {
    as_json(&Definition {
        read: rule.cloned(),
        ..definition
    })
}

fn unreadable(name: &str, error: &serde_json::Error) -> DbErr {
    DbErr::Custom(format!(
        "the registered definition of resource `{name}` cannot be read: {error}"
    ))
}

pub(super) fn as_json(definition: &Definition) -> Result<String, DbErr> {
    serde_json::to_string(definition).map_err(|error| DbErr::Custom(error.to_string()))
}
