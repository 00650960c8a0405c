//! The app's icons: a card that goes to three places, drawn here so that no picture has to be kept beside what made it.
//!
//! One drawing on a grid of 24 by 24 serves both sizes. Edges are smooth because each pixel is looked at in 64 places.

use std::{fmt, io};

/// The colour that the app is known by.
pub(super) const ACCENT: Rgb = Rgb([0x47, 0x4f, 0xb8]);

const WHITE: Rgb = Rgb([0xff; 3]);

/// 192 pixels wide on a full square, the drawing 96 of them, as Teams asks.
pub(super) const COLOR: Icon = Icon { file: "color.png", size: 192, scale: 4, ground: Some(ACCENT) };

/// 32 pixels wide, white on nothing.
pub(super) const OUTLINE: Icon = Icon { file: "outline.png", size: 32, scale: 1, ground: None };

/// Width and height of the drawing.
const GRID: u16 = 24;

/// Places that are looked at along each side of a pixel.
const SAMPLES: u16 = 8;

/// What is drawn; later shapes lie over earlier ones.
const DRAWING: [(Shape, Ink); 10] = [
    (Shape::Line { from: (11.0, 12.0), to: (21.0, 3.0) }, Ink::White),
    (Shape::Line { from: (11.0, 12.0), to: (21.0, 12.0) }, Ink::White),
    (Shape::Line { from: (11.0, 12.0), to: (21.0, 21.0) }, Ink::White),
    (Shape::Dot { middle: (21.0, 3.0), radius: 3.0 }, Ink::White),
    (Shape::Dot { middle: (21.0, 12.0), radius: 3.0 }, Ink::White),
    (Shape::Dot { middle: (21.0, 21.0), radius: 3.0 }, Ink::White),
    (Shape::Card { left_top: (0.0, 3.0), right_bottom: (12.0, 21.0), radius: 2.0 }, Ink::White),
    (Shape::Card { left_top: (3.0, 7.0), right_bottom: (9.0, 9.0), radius: 0.0 }, Ink::Ground),
    (Shape::Card { left_top: (3.0, 11.0), right_bottom: (9.0, 13.0), radius: 0.0 }, Ink::Ground),
    (Shape::Card { left_top: (3.0, 15.0), right_bottom: (7.0, 17.0), radius: 0.0 }, Ink::Ground),
];

/// A colour, shown as `#474fb8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rgb([u8; 3]);

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", hex::encode(self.0))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ink {
    White,
    /// What is behind the drawing shows through.
    Ground,
}

type Point = (f32, f32);

#[derive(Debug, Clone, Copy)]
enum Shape {
    /// Two units wide, with round ends.
    Line {
        from: Point,
        to: Point,
    },
    Dot {
        middle: Point,
        radius: f32,
    },
    /// A rectangle with round corners.
    Card {
        left_top: Point,
        right_bottom: Point,
        radius: f32,
    },
}

impl Shape {
    fn covers(self, (x, y): Point) -> bool {
        match self {
            Self::Line { from, to } => {
                let (across, down) = (to.0 - from.0, to.1 - from.1);
                let along = ((x - from.0) * across + (y - from.1) * down) / (across * across + down * down);
                let along = along.clamp(0.0, 1.0);
                is_near((x, y), (from.0 + along * across, from.1 + along * down), 1.0)
            }
            Self::Dot { middle, radius } => is_near((x, y), middle, radius),
            Self::Card { left_top, right_bottom, radius } => {
                let nearest = |at: f32, low: f32, high: f32| at.clamp(low + radius, high - radius);
                let inner = (nearest(x, left_top.0, right_bottom.0), nearest(y, left_top.1, right_bottom.1));
                is_near((x, y), inner, radius)
            }
        }
    }
}

fn is_near(one: Point, other: Point, distance: f32) -> bool {
    let (across, down) = (one.0 - other.0, one.1 - other.1);
    across * across + down * down <= distance * distance
}

/// One of the two files.
#[derive(Debug, Clone, Copy)]
pub(super) struct Icon {
    pub(super) file: &'static str,
    /// Pixels along each side.
    pub(super) size: u16,
    /// Pixels for each unit of the drawing's grid.
    scale: u16,
    /// What is behind the drawing; none: nothing.
    ground: Option<Rgb>,
}

impl Icon {
    /// The file's bytes.
    pub(super) fn png(self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.size.into(), self.size.into());
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.pixels())?;
        writer.finish()?;
        Ok(bytes)
    }

    /// Red, green, blue and opacity of each pixel, row by row.
    fn pixels(self) -> Vec<u8> {
        let places = (0..self.size).flat_map(|y| (0..self.size).map(move |x| (x, y)));
        places.flat_map(|(x, y)| self.pixel(x, y)).collect()
    }

    fn pixel(self, x: u16, y: u16) -> [u8; 4] {
        let whites = u16::try_from(self.samples(x, y).filter(|place| ink(*place) == Ink::White).count());
        let (whites, all) = (whites.unwrap_or(0), SAMPLES * SAMPLES);
        // Between 0 for the ground and 255 for the drawing.
        let blend = |ground: u8, drawing: u8| {
            let sum = u16::from(drawing) * whites + u16::from(ground) * (all - whites);
            u8::try_from(sum / all).unwrap_or(u8::MAX)
        };
        match self.ground {
            Some(Rgb([red, green, blue])) => [blend(red, 0xff), blend(green, 0xff), blend(blue, 0xff), 0xff],
            None => {
                let Rgb([red, green, blue]) = WHITE;
                [red, green, blue, blend(0, 0xff)]
            }
        }
    }

    /// The places of a pixel that are looked at, on the drawing's grid.
    fn samples(self, x: u16, y: u16) -> impl Iterator<Item = Point> {
        let margin = f32::from(self.size - GRID * self.scale) / 2.0;
        let on_grid = move |pixel: u16, part: u16| {
            let place = f32::from(pixel) + (f32::from(part) + 0.5) / f32::from(SAMPLES);
            (place - margin) / f32::from(self.scale)
        };
        (0..SAMPLES * SAMPLES).map(move |at| (on_grid(x, at % SAMPLES), on_grid(y, at / SAMPLES)))
    }
}

/// What is to be seen at a place of the drawing.
fn ink(place: Point) -> Ink {
    DRAWING.iter().rev().find(|(shape, _)| shape.covers(place)).map_or(Ink::Ground, |(_, ink)| *ink)
}
