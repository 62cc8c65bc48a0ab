//! What plots are drawn on: a page of SVG that follows the light or dark of its reader and says in words what it shows.
//!
//! Positions are rounded to a tenth, so that a last bit of floating point does not change the file.

use svg::node::element::{Circle, Description, Line, Polyline, Rectangle, Style, Text, Title};
use svg::{Document, Node as _};

use super::scale::Scale;

/// Width of every plot.
pub(super) const WIDTH: f64 = 720.0;

/// Colours have a contrast of 4.5 or more with their paper; the three of lines are told apart by the colour-blind.
const STYLE: &str = "\
svg { font-family: system-ui, sans-serif; font-size: 13px }
text { fill: #1f2328 } .paper { fill: #ffffff } .title { font-size: 16px; font-weight: 600 }
.faint { fill: #59636e } .middle { text-anchor: middle } .end { text-anchor: end }
.grid { stroke: #d1d9e0 } .axis { stroke: #59636e } .mark { stroke: #59636e; stroke-dasharray: 2 3 }
line, polyline { fill: none; stroke-width: 1 } polyline { stroke-width: 2 }
.a { stroke: #0066a6 } .b { stroke: #b34a00; stroke-dasharray: 7 4 } .c { stroke: #007a58; stroke-dasharray: 2 3 }
.a-fill { fill: #0066a6 } .b-fill { fill: #b34a00 } .c-fill { fill: #007a58 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .paper { fill: #0d1117 } .faint { fill: #9198a1 }
.grid { stroke: #30363d } .axis { stroke: #9198a1 } .mark { stroke: #9198a1 }
.a { stroke: #5fb4ef } .b { stroke: #f0954f } .c { stroke: #3fc79a }
.a-fill { fill: #5fb4ef } .b-fill { fill: #f0954f } .c-fill { fill: #3fc79a }
}";

/// A place: from the left, and from the top.
pub(super) type Place = (f64, f64);

/// A plot in the making.
pub(super) struct Canvas(Document);

impl Canvas {
    /// A page with a title, and a description for those who cannot see it.
    pub(super) fn new(height: f64, title: &str, description: &str) -> Self {
        let document = Document::new()
            .set("viewBox", format!("0 0 {} {}", tenth(WIDTH), tenth(height)))
            .set("width", tenth(WIDTH))
            .set("height", tenth(height))
            .set("role", "img")
            .set("aria-labelledby", "title description")
            .add(Title::new(title).set("id", "title"))
            .add(Description::new().set("id", "description").add(svg::node::Text::new(description)))
            .add(Style::new(STYLE));
        let mut canvas = Self(document);
        canvas.bar("paper", (0.0, 0.0), (WIDTH, height));
        canvas.words("title", (16.0, 26.0), title);
        canvas
    }

    fn add(&mut self, node: impl Into<Box<dyn svg::Node>>) {
        self.0.append(node);
    }

    /// Words on one line.
    pub(super) fn words(&mut self, class: &str, (x, y): Place, words: &str) {
        self.add(Text::new(words).set("class", class).set("x", tenth(x)).set("y", tenth(y)));
    }

    /// Words along a vertical axis, from the bottom to the top around this place.
    pub(super) fn upright(&mut self, (x, y): Place, words: &str) {
        let turn = format!("translate({} {}) rotate(-90)", tenth(x), tenth(y));
        self.add(Text::new(words).set("class", "middle").set("transform", turn));
    }

    /// A straight line.
    pub(super) fn line(&mut self, class: &str, from: Place, to: Place) {
        let line = Line::new().set("class", class).set("x1", tenth(from.0)).set("y1", tenth(from.1));
        self.add(line.set("x2", tenth(to.0)).set("y2", tenth(to.1)));
    }

    /// A line through several places.
    pub(super) fn through(&mut self, class: &str, places: &[Place]) {
        let points: Vec<String> =
            places.iter().map(|(x, y)| format!("{},{}", tenth(*x), tenth(*y))).collect();
        self.add(Polyline::new().set("class", class).set("points", points.join(" ")));
    }

    /// A point.
    pub(super) fn point(&mut self, class: &str, (x, y): Place, radius: f64) {
        let circle = Circle::new().set("class", class).set("r", tenth(radius));
        self.add(circle.set("cx", tenth(x)).set("cy", tenth(y)));
    }

    /// A filled rectangle, from its upper left corner.
    pub(super) fn bar(&mut self, class: &str, (x, y): Place, (width, height): (f64, f64)) {
        let bar = Rectangle::new().set("class", class).set("x", tenth(x)).set("y", tenth(y));
        self.add(bar.set("width", tenth(width)).set("height", tenth(height)));
    }

    /// A horizontal axis with its name and a line of the grid at each value.
    pub(super) fn across(&mut self, scale: &Scale, height: (f64, f64), name: &str, ticks: &[(f64, String)]) {
        let (top, bottom) = height;
        for (value, words) in ticks {
            let x = scale.at(*value);
            self.line("grid", (x, top), (x, bottom));
            self.words("faint middle", (x, bottom + 18.0), words);
        }
        self.line("axis", (scale.places.0, bottom), (scale.places.1, bottom));
        self.words("middle", (f64::midpoint(scale.places.0, scale.places.1), bottom + 40.0), name);
    }

    /// A vertical axis with its name and a line of the grid at each value.
    pub(super) fn along(&mut self, scale: &Scale, width: (f64, f64), name: &str, ticks: &[(f64, String)]) {
        let (left, right) = width;
        for (value, words) in ticks {
            let y = scale.at(*value);
            self.line("grid", (left, y), (right, y));
            self.words("faint end", (left - 8.0, y + 4.5), words);
        }
        self.line("axis", (left, scale.places.0), (left, scale.places.1));
        self.upright((20.0, f64::midpoint(scale.places.0, scale.places.1)), name);
    }

    /// The file.
    pub(super) fn finish(self) -> String {
        format!("{}\n", self.0)
    }
}

fn tenth(place: f64) -> String {
    super::numbers::decimals(place, 1)
}
