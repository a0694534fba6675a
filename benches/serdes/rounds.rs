//! Reliable ratios on a shared machine: every candidate runs in every round, and one of
//! them runs twice under two names. Differences below the difference of those two are
//! noise.

use std::time::{Duration, Instant};

/// A candidate, which repeats itself the given number of times.
pub struct Contender<'a> {
    pub name: &'static str,
    pub run: Box<dyn FnMut(u32) -> Duration + 'a>,
}

impl<'a> Contender<'a> {
    pub fn new(name: &'static str, run: impl FnMut(u32) -> Duration + 'a) -> Self {
        let run = Box::new(run);
        Self { name, run }
    }

    /// Creates a candidate that needs no runtime.
    #[allow(dead_code)] // not every user of this file has such
    pub fn plain<R>(name: &'static str, mut work: impl FnMut() -> R + 'a) -> Self {
        Self::new(name, move |iterations| {
            let start = Instant::now();
            for _ in 0..iterations {
                std::hint::black_box(work());
            }
            start.elapsed()
        })
    }
}

/// Nanoseconds per run of each candidate, by round.
pub struct Results(Vec<(&'static str, Vec<f64>)>);

const ROUNDS: usize = 15;
const ROUND: Duration = Duration::from_millis(60);

/// Runs all candidates in interleaved rounds.
pub fn measure(mut contenders: Vec<Contender<'_>>) -> Results {
    let mut iterations = Vec::new();
    for contender in &mut contenders {
        (contender.run)(2_000);
        let per_run = (contender.run)(5_000).as_secs_f64() / 5_000.0;
        iterations.push(((ROUND.as_secs_f64() / per_run) as u32).max(1));
    }
    let mut times = vec![Vec::new(); contenders.len()];
    for round in 0..ROUNDS {
        for step in 0..contenders.len() {
            // Rotates, so that no candidate always runs after the same one.
            let at = (step + round) % contenders.len();
            let took = (contenders[at].run)(iterations[at]);
            times[at].push(took.as_secs_f64() * 1e9 / f64::from(iterations[at]));
        }
    }
    let names = contenders.iter().map(|contender| contender.name);
    Results(names.zip(times).collect())
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

impl Results {
    pub fn print(&self) {
        println!("{:<46} {:>10} {:>10} {:>10}", "", "median ns", "min", "max");
        for (name, times) in &self.0 {
            let (min, max) = times.iter().fold((f64::MAX, 0f64), |(min, max), time| {
                (min.min(*time), max.max(*time))
            });
            println!("{name:<46} {:>10.1} {min:>10.1} {max:>10.1}", median(times));
        }
    }

    /// Returns the median of the ratios of `name` to `base` in the same round, and
    /// prints it with its bound.
    pub fn ratio(&self, name: &str, base: &str, bound: Option<f64>) -> f64 {
        let ratio = median(&self.paired(name, base, |a, b| a / b));
        let bound = bound
            .map(|bound| format!(" (bound {bound:.2})"))
            .unwrap_or_default();
        println!("{ratio:>6.3} × {base}: {name}{bound}");
        ratio
    }

    /// Returns the median of the differences of `name` and `base` in the same round,
    /// in nanoseconds.
    #[allow(dead_code)] // as above
    pub fn added(&self, name: &str, base: &str) -> f64 {
        median(&self.paired(name, base, |a, b| a - b))
    }

    fn paired(&self, name: &str, base: &str, compare: impl Fn(f64, f64) -> f64) -> Vec<f64> {
        let times = |name: &str| {
            let found = self.0.iter().find(|(other, _)| *other == name);
            &found.unwrap_or_else(|| panic!("no contender {name:?}")).1
        };
        let pairs = times(name).iter().zip(times(base));
        pairs.map(|(a, b)| compare(*a, *b)).collect()
    }
}
