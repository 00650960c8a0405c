//! The pictures that senders most often name, such as `:rocket:`. Others keep their name, which says something too.

/// Names as Slack has them.
const KNOWN: &[(&str, &str)] = &[
    ("+1", "👍"),
    ("-1", "👎"),
    ("alarm_clock", "⏰"),
    ("arrow_down", "⬇️"),
    ("arrow_right", "➡️"),
    ("arrow_up", "⬆️"),
    ("arrows_counterclockwise", "🔄"),
    ("bell", "🔔"),
    ("boom", "💥"),
    ("bug", "🐛"),
    ("calendar", "📆"),
    ("chart_with_downwards_trend", "📉"),
    ("chart_with_upwards_trend", "📈"),
    ("construction", "🚧"),
    ("eyes", "👀"),
    ("exclamation", "❗"),
    ("fire", "🔥"),
    ("gear", "⚙️"),
    ("green_heart", "💚"),
    ("hammer", "🔨"),
    ("heart", "❤️"),
    ("heavy_check_mark", "✔️"),
    ("hourglass", "⌛"),
    ("information_source", "ℹ️"),
    ("large_blue_circle", "🔵"),
    ("large_green_circle", "🟢"),
    ("large_orange_circle", "🟠"),
    ("large_yellow_circle", "🟡"),
    ("link", "🔗"),
    ("lock", "🔒"),
    ("mag", "🔍"),
    ("mega", "📣"),
    ("memo", "📝"),
    ("no_entry", "⛔"),
    ("octagonal_sign", "🛑"),
    ("ok_hand", "👌"),
    ("package", "📦"),
    ("party_popper", "🎉"),
    ("pushpin", "📌"),
    ("question", "❓"),
    ("red_circle", "🔴"),
    ("robot_face", "🤖"),
    ("rocket", "🚀"),
    ("rotating_light", "🚨"),
    ("skull", "💀"),
    ("smile", "😄"),
    ("sos", "🆘"),
    ("sparkles", "✨"),
    ("stopwatch", "⏱️"),
    ("tada", "🎉"),
    ("thumbsdown", "👎"),
    ("thumbsup", "👍"),
    ("ticket", "🎫"),
    ("warning", "⚠️"),
    ("wave", "👋"),
    ("white_check_mark", "✅"),
    ("wrench", "🔧"),
    ("x", "❌"),
    ("zap", "⚡"),
];

/// The picture of that name, or the name between colons.
pub(super) fn named(name: &str) -> String {
    match picture(name) {
        Some(picture) => picture.to_owned(),
        None => crate::render::markdown::neutral(&format!(":{name}:")),
    }
}

/// The picture whose name begins at `after`, behind its colon, and what follows it.
pub(super) fn at(after: &str) -> Option<(&'static str, &str)> {
    let (name, rest) = after.split_once(':')?;
    Some((picture(name)?, rest))
}

/// A text with pictures in place of their names.
pub(super) fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(':') {
        out.push_str(before);
        match at(after) {
            Some((picture, after)) => {
                out.push_str(picture);
                rest = after;
            }
            None => {
                out.push(':');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn picture(name: &str) -> Option<&'static str> {
    KNOWN.iter().find(|(known, _)| *known == name).map(|(_, picture)| *picture)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_become_pictures_and_times_stay_times() {
        assert_eq!(shown("at 10:30: :fire::nope: it is :warning:"), "at 10:30: 🔥:nope: it is ⚠️");
    }
}
