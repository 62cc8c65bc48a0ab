//! Where a value stands on an axis.

/// How values are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spread {
    /// Equal differences are equal distances.
    Even,
    /// Equal ratios are equal distances.
    Logarithmic,
    /// Shares by the logarithm of their odds: 90%, 99% and 99.9% are about equally far apart.
    Odds,
}

impl Spread {
    fn apply(self, value: f64) -> f64 {
        match self {
            Self::Even => value,
            Self::Logarithmic => value.log2(),
            Self::Odds => (value / (1.0 - value)).log2(),
        }
    }
}

/// An axis: from one value at one place of the picture to another at another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    pub(super) spread: Spread,
    pub(super) from: f64,
    pub(super) to: f64,
    /// Places of `from` and `to`. The vertical axis of a picture runs downwards, so the second may be the smaller.
    pub(super) places: (f64, f64),
}

impl Scale {
    /// The place of a value; what lies outside of the axis stands at its end.
    pub(super) fn at(&self, value: f64) -> f64 {
        let [from, to, value] =
            [self.from, self.to, value.clamp(self.from, self.to)].map(|value| self.spread.apply(value));
        let share = (value - from) / (to - from);
        self.places.0 + share * (self.places.1 - self.places.0)
    }
}

/// Round values from `from` to `to`, at most so many steps apart: 1, 2 or 5 of a power of ten.
pub(super) fn ticks(from: f64, to: f64, most_steps: u32) -> Vec<f64> {
    let least = (to - from) / f64::from(most_steps.max(1));
    if !least.is_finite() || least <= 0.0 {
        return vec![from];
    }
    let power = 10_f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|times| times * power);
    let step = steps.into_iter().find(|step| *step >= least * (1.0 - 1e-9)).unwrap_or(10.0 * power);
    let first = (from / step - 1e-9).ceil();
    let count = ((to / step + 1e-9).floor() - first).max(0.0) as u32;
    (0..=count).map(|place| (first + f64::from(place)) * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(scale: Scale, value: f64, place: f64) {
        assert!((scale.at(value) - place).abs() < 1e-6, "{value} stands at {}", scale.at(value));
    }

    #[test]
    fn even() {
        let scale = Scale { spread: Spread::Even, from: 0.9, to: 1.0, places: (300.0, 100.0) };
        check(scale, 0.9, 300.0);
        check(scale, 0.95, 200.0);
        check(scale, 1.0, 100.0);
        check(scale, 0.5, 300.0);
        check(scale, 1.5, 100.0);
    }

    #[test]
    fn logarithmic() {
        let scale = Scale { spread: Spread::Logarithmic, from: 5_000.0, to: 500_000.0, places: (0.0, 200.0) };
        check(scale, 50_000.0, 100.0);
        check(scale, 5_000.0 * 10_f64.sqrt(), 50.0);
    }

    #[test]
    fn odds() {
        let scale = Scale { spread: Spread::Odds, from: 0.1, to: 0.9, places: (0.0, 100.0) };
        check(scale, 0.5, 50.0);
        check(scale, 0.75, 75.0);
        check(scale, 0.0, 0.0);
        check(scale, 1.0, 100.0);
    }

    #[test]
    fn round_ticks() {
        let written = |from, to, most| {
            ticks(from, to, most).iter().map(|tick| format!("{tick:.3}")).collect::<Vec<_>>()
        };
        assert_eq!(written(0.98, 1.0, 4), ["0.980", "0.985", "0.990", "0.995", "1.000"]);
        assert_eq!(written(-3.0, 41.0, 5), ["0.000", "10.000", "20.000", "30.000", "40.000"]);
        assert_eq!(written(1.0, 1.0, 5), ["1.000"]);
    }
}
