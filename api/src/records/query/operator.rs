//! What a field can be compared with, by its type, and what the parameters for that are called.

use entity::{
    definition::{Definition, Field, Kind},
    nearest,
};

use super::{CONTROLS, OF_OTHERS};

/// How a filter compares: what stands behind the `__` of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Eq,
    Ne,
    In,
    NotIn,
    Gt,
    Gte,
    Lt,
    Lte,
    StartsWith,
    Contains,
    EndsWith,
    Has,
    HasAny,
    IsNull,
}

impl Operator {
    /// Those of a text that is found by its parts, too.
    pub(super) const PARTS: [Self; 2] = [Self::Contains, Self::EndsWith];

    /// Those that `field` has.
    pub(crate) fn of(field: &Field) -> impl Iterator<Item = Self> {
        let parts = field.contains.then_some(Self::PARTS);
        let parts = parts.into_iter().flatten();
        Self::of_type(field.kind).iter().copied().chain(parts)
    }

    /// Those that any field of that type has.
    fn of_type(kind: Kind) -> &'static [Self] {
        match kind {
            Kind::Text => &[
                Self::Eq,
                Self::Ne,
                Self::In,
                Self::NotIn,
                Self::Gt,
                Self::Gte,
                Self::Lt,
                Self::Lte,
                Self::StartsWith,
                Self::IsNull,
            ],
            Kind::Integer | Kind::Decimal { .. } | Kind::Float | Kind::Timestamp | Kind::Date => &[
                Self::Eq,
                Self::Ne,
                Self::In,
                Self::NotIn,
                Self::Gt,
                Self::Gte,
                Self::Lt,
                Self::Lte,
                Self::IsNull,
            ],
            Kind::Boolean => &[Self::Eq, Self::IsNull],
            Kind::List => &[Self::Has, Self::HasAny, Self::IsNull],
            Kind::Json => &[],
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::In => "in",
            Self::NotIn => "notin",
            Self::Gt => "gt",
            Self::Gte => "gte",
            Self::Lt => "lt",
            Self::Lte => "lte",
            Self::StartsWith => "startswith",
            Self::Contains => "contains",
            Self::EndsWith => "endswith",
            Self::Has => "has",
            Self::HasAny => "hasany",
            Self::IsNull => "isnull",
        }
    }

    /// Whether it looks at parts of a text.
    pub(super) fn is_of_parts(self) -> bool {
        Self::PARTS.contains(&self)
    }

    /// Whether it takes several values.
    pub(crate) fn takes_many(self) -> bool {
        matches!(self, Self::In | Self::NotIn | Self::HasAny)
    }

    /// Whether a value that the field never has makes no sense with it.
    pub(crate) fn is_of_values(self) -> bool {
        matches!(
            self,
            Self::Eq | Self::Ne | Self::In | Self::NotIn | Self::Has | Self::HasAny
        )
    }
}

/// What the name of a parameter stands for.
pub(super) enum Meant<'a> {
    Filter(&'a Field, Operator),
    /// A field, but not how to compare it: the list of `expected` says how.
    Unclear(&'a Field),
    Unknown,
}

/// Finds out what `name` stands for. An operator of one field goes before another field's whole name, which can still be
/// said with `__eq`.
pub(super) fn meant<'a>(definition: &'a Definition, name: &str) -> Meant<'a> {
    let split = name.rsplit_once("__");
    let base = split.and_then(|(base, operator)| Some((definition.field(base)?, operator)));
    if let Some((field, operator)) = base {
        let known = Operator::of(field).find(|known| known.name() == operator);
        if let Some(known) = known {
            return Meant::Filter(field, known);
        }
    }
    match (definition.field(name), base) {
        (Some(field), _) if Operator::of(field).any(|known| known == Operator::Eq) => {
            Meant::Filter(field, Operator::Eq)
        }
        (Some(field), _) | (None, Some((field, _))) => Meant::Unclear(field),
        (None, None) => Meant::Unknown,
    }
}

/// Whether lists can be filtered by `field`.
pub(crate) fn is_filterable(field: &Field) -> bool {
    field.index && field.kind.filterable()
}

/// The parameters that filter by `field`, each with its operator; none if nothing does.
pub(crate) fn filter_names(definition: &Definition, field: &Field) -> Vec<(String, Operator)> {
    let operators = Operator::of(field).filter(|_| is_filterable(field));
    let named = operators.map(|operator| {
        let name = match operator {
            Operator::Eq if is_bare(definition, field) => field.name.clone(),
            _ => format!("{}__{}", field.name, operator.name()),
        };
        (name, operator)
    });
    named.collect()
}

/// The one of a field's parameters that was most likely meant.
pub(super) fn likely(definition: &Definition, field: &Field, name: &str) -> Option<String> {
    let names = filter_names(definition, field);
    let written = name.rsplit_once("__").map_or("", |(_, operator)| operator);
    let operators = names.iter().map(|(_, operator)| operator.name());
    let meant = nearest(written, operators);
    let found = names.iter().find(|(_, op)| Some(op.name()) == meant);
    found.or(names.first()).map(|(name, _)| name.clone())
}

/// Whether the field's own name stands for it on every route: another parameter or another field's operator may have
/// that name.
fn is_bare(definition: &Definition, field: &Field) -> bool {
    let meant = meant(definition, &field.name);
    let name = field.name.as_str();
    !CONTROLS.contains(&name)
        && !OF_OTHERS.contains(&name)
        && matches!(meant, Meant::Filter(found, Operator::Eq) if found.name == field.name)
}
