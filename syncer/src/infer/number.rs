//! The type of numbers: whole, exact with room to grow, binary, a time or a yes and no.

use entity::definition::Kind;

use super::{kind::decimal, time};
use crate::{draft::Field, source::names::snake_case};

/// Fewest values before 0 and 1 alone mean no and yes.
const FLAGS: usize = 10;
/// Digits after the point from which on a number is measured or computed, not written by a person.
const MEASURED: usize = 7;

/// Decides the type of `field`, all of whose values are `numbers`.
pub(super) fn decide(field: &mut Field, numbers: &[&str]) {
    let name = field.path.last().cloned().unwrap_or_default();
    if let Some(format) = time::epoch(&name, numbers) {
        field.kind = Kind::Timestamp;
        field.format = Some(format.to_owned());
        field.note(format!("by name and size, such as {}", numbers[0]));
    } else if is_flag(&name, numbers) {
        field.kind = Kind::Boolean;
        field.note(format!("0 or 1 in all {} values", numbers.len()));
    } else if numbers.iter().all(|number| is_whole(number)) {
        whole(field, numbers);
    } else {
        fraction(field, &name, numbers);
    }
}

/// Whether `text` is written as a whole number.
pub(super) fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Numbers without a fraction.
pub(super) fn whole(field: &mut Field, numbers: &[&str]) {
    field.kind = Kind::Integer;
    if numbers.iter().all(|number| number.parse::<i64>().is_ok()) {
        return;
    }
    match decimal(numbers, (4, 0)) {
        Some(kind) => {
            field.kind = kind;
            field.note("has more than 64 bits");
        }
        None => long(field),
    }
}

/// Numbers of which some have a fraction.
pub(super) fn fraction(field: &mut Field, name: &str, numbers: &[&str]) {
    let scales = numbers
        .iter()
        .map(|number| number.split_once('.').map_or(0, |(_, digits)| digits.len()));
    let scale = scales.max().unwrap_or(0);
    let money = scale <= 2 && is_money(name);
    let more = match (money, scale) {
        (true, _) => u8::try_from(2 - scale).unwrap_or(0),
        (false, _) => 2,
    };
    match decimal(numbers, (4, more)) {
        Some(kind) if scale < MEASURED => {
            field.kind = kind;
            field.note(format!("at most {scale} decimals were seen"));
        }
        _ => float(field, numbers),
    }
}

fn float(field: &mut Field, numbers: &[&str]) {
    let fits = |number: &&str| number.parse::<f64>().is_ok_and(f64::is_finite);
    if numbers.iter().all(fits) {
        field.kind = Kind::Float;
        field.note("a binary fraction; decimal(p,s) would be exact");
    } else {
        long(field);
    }
}

/// Numbers that no type of a number holds.
fn long(field: &mut Field) {
    field.kind = Kind::Text;
    field.index = false;
    field.note("numbers that no type of a number holds");
}

/// Whether 0 and 1 mean no and yes: both are there, nothing else is, and the name speaks of no amount.
fn is_flag(name: &str, numbers: &[&str]) -> bool {
    const AMOUNTS: [&str; 25] = [
        "count", "counts", "number", "num", "no", "nr", "qty", "quantity", "total", "amount",
        "level", "rank", "position", "index", "order", "version", "id", "code", "type", "status",
        "year", "size", "score", "page", "priority",
    ];
    let seen = |digit| numbers.contains(&digit);
    let snake = snake_case(name);
    let amount = snake.split('_').any(|word| AMOUNTS.contains(&word))
        || (snake.ends_with('s') && !snake.ends_with("ss"));
    let only = numbers
        .iter()
        .all(|number| *number == "0" || *number == "1");
    let says_so = snake.starts_with("is_") || snake.starts_with("has_");
    let is_clear = says_so || (!amount && numbers.len() >= FLAGS);
    only && is_clear && seen("0") && seen("1")
}

fn is_money(name: &str) -> bool {
    const WORDS: [&str; 12] = [
        "price", "amount", "cost", "fee", "tax", "balance", "total", "subtotal", "discount",
        "salary", "fare", "paid",
    ];
    snake_case(name)
        .split('_')
        .any(|word| WORDS.contains(&word))
}
