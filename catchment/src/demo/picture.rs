//! Draws the picture of an image: a sitting cat, coloured by the image's id and captioned with it.

use super::data::Image;

/// An SVG as large as the record says.
pub(super) fn draw(image: &Image) -> String {
    let Image {
        id, width, height, ..
    } = image;
    let seed = fnv1a(id);
    let hue = seed % 360;
    let fur = format!("hsl({hue}, 45%, {}%)", 22 + seed / 360 % 30);
    let wall = format!("hsl({}, 50%, 86%)", (hue + 150) % 360);
    let eyes = format!("hsl({}, 75%, 62%)", (hue + 45) % 360);
    let facing = if (seed / 360 / 30).is_multiple_of(2) {
        ""
    } else {
        r#" transform="translate(240) scale(-1 1)""#
    };
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">
<rect width="100%" height="100%" fill="{wall}"/>
<svg viewBox="0 0 240 240">
<g fill="{fur}"{facing}>
<ellipse cx="122" cy="206" rx="80" ry="9" fill="#000" opacity=".15"/>
<path d="M150 194C204 208 220 164 196 140" fill="none" stroke="{fur}" stroke-width="15" stroke-linecap="round"/>
<path d="M74 206C62 150 84 96 120 96s58 54 46 110Z"/>
<path d="M76 84C74 60 74 34 80 20l26 24a52 52 0 0 1 28 0l26-24c6 14 6 40 4 64a44 38 0 0 1-88 0Z"/>
<path d="M120 150v52M98 206a12 9 0 0 1 22 0 12 9 0 0 1 22 0Z" stroke="{wall}" stroke-width="2"/>
<g fill="{eyes}"><ellipse cx="102" cy="78" rx="9" ry="10"/><ellipse cx="138" cy="78" rx="9" ry="10"/></g>
<g fill="#111"><ellipse cx="104" cy="78" rx="3" ry="9"/><ellipse cx="140" cy="78" rx="3" ry="9"/></g>
<path d="M115 95h10l-5 6Z" fill="#e59aa0"/>
<path d="M96 98 62 92M96 103 62 106M144 98l34-6M144 103l34 3" stroke="{wall}" stroke-width="1.5"/>
</g>
<text x="120" y="230" font-family="monospace" font-size="14" text-anchor="middle" fill="{fur}">{id}</text>
</svg>
</svg>
"##
    )
}

/// A small hash that is the same everywhere, so that a cat keeps its colour.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}
