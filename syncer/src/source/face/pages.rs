//! How the upstream hands out its records, for who does it in its place.

use entity::definition::face::{MarkOrder, PageWay, Pages, Shape, Spot};

use super::field_at;
use crate::source::plan::{Page, Place, Plan, Pointer, Way};

/// How the records are handed out.
pub(super) fn pages(plan: &Plan) -> Result<Pages, String> {
    let Page {
        way,
        size,
        total,
        more,
        ..
    } = &plan.page;
    let way = match way {
        Way::None => PageWay::None,
        Way::Number { param, start } => PageWay::Page {
            param: param.name.clone(),
            start: *start,
        },
        Way::Offset { param, start } => PageWay::Offset {
            param: param.name.clone(),
            start: *start,
        },
        Way::Cursor { param, next } => by_token(plan, &param.name, next)?,
        Way::Link => PageWay::Link,
        Way::Url { next, .. } => PageWay::Url { next: spot(next)? },
    };
    // What comes in one answer is asked for without a size.
    let size = Some(size).filter(|_| way != PageWay::None);
    let size_param = size.and_then(|size| size.param.as_ref());
    Ok(Pages {
        way,
        size: size.and_then(|size| size.records),
        size_param: size_param.map(|param| param.name.clone()),
        total: total.as_ref().map(spot).transpose()?,
        more: more.as_ref().map(spot).transpose()?,
    })
}

/// A value of the last record leads on only where no other record of the walk has it.
fn by_token(plan: &Plan, param: &str, next: &Place) -> Result<PageWay, String> {
    let param = param.to_owned();
    let Place::Last(pointer) = next else {
        let next = spot(next)?;
        return Ok(PageWay::Token { param, next });
    };
    let definition = &plan.definition;
    let copies = plan.for_each.iter().flat_map(|for_each| &for_each.copy);
    let copies: Vec<&String> = copies.map(|(own, _)| own).collect();
    let field = field_at(plan, pointer).filter(|field| {
        let others = definition.key.iter().filter(|name| *name != field);
        definition.key.contains(field) && { others }.all(|name| copies.contains(&name))
    });
    let field = field.ok_or_else(|| {
        format!(
            "its pages are led on by `{pointer}` of their last record, which is no key of its own"
        )
    })?;
    Ok(PageWay::Last { param, field })
}

/// Checks that what is told of a page does not stand among its records.
pub(super) fn check_spots(shape: &Shape) -> Result<(), String> {
    let pages = &shape.pages;
    let next = match &pages.way {
        PageWay::Token { next, .. } | PageWay::Url { next } => Some(next),
        _ => None,
    };
    let spots = [&pages.total, &pages.more].into_iter().flatten();
    for spot in spots.chain(next) {
        if let Spot::Body(tokens) = spot
            && (tokens.starts_with(&shape.records) || shape.records.starts_with(tokens))
        {
            let place = Pointer(tokens.clone());
            return Err(format!("`body:{place}` stands among its records"));
        }
    }
    Ok(())
}

/// Checks that there is one order to answer in.
pub(super) fn check_order(shape: &Shape) -> Result<(), String> {
    let mark = shape.mark.as_ref();
    let is_sorted = mark.is_some_and(|mark| mark.order != MarkOrder::Any);
    match shape.pages.way {
        PageWay::Last { .. } if is_sorted => Err(
            "its pages are led on by a key, and sorted by what grows with each change".to_owned(),
        ),
        _ => Ok(()),
    }
}

fn spot(place: &Place) -> Result<Spot, String> {
    match place {
        Place::Body(pointer) => Ok(Spot::Body(pointer.0.clone())),
        Place::Header(name) => Ok(Spot::Header(name.clone())),
        Place::Last(pointer) => Err(format!(
            "each of its records says at `{pointer}` what is known of the page alone"
        )),
    }
}
