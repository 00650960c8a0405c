//! How grave a colour means it: red, orange and green are what they are on every dashboard.

/// Colours nearer to grey than this say nothing.
const LEAST_CHROMA: u8 = 40;

/// The severity that a colour such as `#D70000`, `f00` or `danger` stands for; none for what is no colour.
pub(super) fn severity(colour: &str) -> Option<&'static str> {
    let word = colour.trim().trim_start_matches('#').to_ascii_lowercase();
    match word.as_str() {
        "good" | "green" => return Some("good"),
        "warning" | "orange" | "yellow" => return Some("warning"),
        "danger" | "attention" | "red" => return Some("critical"),
        "accent" | "blue" => return Some("info"),
        _ => {}
    }
    let (red, green, blue) = rgb(&word)?;
    let (most, least) = (red.max(green).max(blue), red.min(green).min(blue));
    if most - least < LEAST_CHROMA {
        return Some("info");
    }
    Some(match hue(red, green, blue) {
        0..20 | 340..=360 => "critical",
        20..75 => "warning",
        75..170 => "good",
        _ => "info",
    })
}

/// Three or six hexadecimal digits; of eight the last two say how clear it is.
fn rgb(digits: &str) -> Option<(u8, u8, u8)> {
    let digits: Vec<u8> =
        digits.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect::<Option<_>>()?;
    match digits.as_slice() {
        [red, green, blue] => Some((red * 17, green * 17, blue * 17)),
        [r, ed, g, reen, b, lue] | [r, ed, g, reen, b, lue, _, _] => Some((r * 16 + ed, g * 16 + reen, b * 16 + lue)),
        _ => None,
    }
}

/// Degrees on the circle of colours, from red.
fn hue(red: u8, green: u8, blue: u8) -> i32 {
    let (red, green, blue) = (i32::from(red), i32::from(green), i32::from(blue));
    let most = red.max(green).max(blue);
    let chroma = (most - red.min(green).min(blue)).max(1);
    let degrees = if most == red {
        60 * (green - blue) / chroma
    } else if most == green {
        120 + 60 * (blue - red) / chroma
    } else {
        240 + 60 * (red - green) / chroma
    };
    degrees.rem_euclid(360)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_as_grave_as_people_take_it() {
        for (colours, expected) in [
            (&["#FF0000", "D70000", "f00", "E81123", "A30200", "danger", "C4314B", "FF0000FF"][..], Some("critical")),
            (&["FFA500", "#daa038", "FF8C00", "FFFF00", "ffcc00", "warning", "EAA300"], Some("warning")),
            (&["00FF00", "#2eb886", "13A10E", "008000", "good", "7FFF00"], Some("good")),
            (&["0076D7", "0078D4", "#808080", "FFFFFF", "000000", "800080", "36c5f0"], Some("info")),
            (&["", "zzz", "12345", "é", "#"], None),
        ] {
            for colour in colours {
                assert_eq!(severity(colour), expected, "{colour}");
            }
        }
    }
}
