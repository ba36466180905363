//! One measurement of tower: poll_ready + call + poll through
//! LoadShed(ConcurrencyLimit(ConcurrencyLimit(service))), by one or more threads at once.
//!
//! usage: engine-bench-tower THREADS SECONDS
//! Prints one JSON line as bench/engine/cpp/main.cc does. The service's future is ready at once, so
//! no runtime and no waker is involved: what is measured is the layers.

use std::future::{ready, Future, Ready};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use tower::{Service, ServiceBuilder};

const LIMIT: usize = 100;
const BATCH: u64 = 1024;

#[derive(Clone)]
struct Nothing;

impl Service<()> for Nothing {
    type Response = ();
    type Error = std::convert::Infallible;
    type Future = Ready<Result<(), Self::Error>>;
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }
    fn call(&mut self, _: ()) -> Self::Future {
        ready(Ok(()))
    }
}

fn batch<S: Service<()>>(service: &mut S, context: &mut Context<'_>) {
    for _ in 0..BATCH {
        if let Poll::Ready(Ok(())) = service.poll_ready(context) {
            let _ = pin!(service.call(())).poll(context);
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let threads: usize = arguments[1].parse().expect("THREADS");
    let seconds: f64 = arguments[2].parse().expect("SECONDS");
    let stack = ServiceBuilder::new()
        .load_shed()
        .concurrency_limit(LIMIT)
        .concurrency_limit(LIMIT)
        .service(Nothing);
    let stop = AtomicBool::new(false);
    let mut times: Vec<f64> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                let (mut service, stop) = (stack.clone(), &stop);
                scope.spawn(move || {
                    let mut context = Context::from_waker(Waker::noop());
                    let mut own = Vec::with_capacity(1 << 20);
                    while !stop.load(Ordering::Relaxed) {
                        let begin = Instant::now();
                        batch(&mut service, &mut context);
                        own.push(begin.elapsed().as_nanos() as f64 / BATCH as f64);
                    }
                    own
                })
            })
            .collect();
        std::thread::sleep(Duration::from_secs_f64(seconds));
        stop.store(true, Ordering::Relaxed);
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker panicked")).collect()
    });
    times.sort_by(f64::total_cmp);
    println!(
        "{{\"case\":\"tower\",\"threads\":{threads},\"ops\":{},\"ns_per_op\":{:.2}}}",
        times.len() as u64 * BATCH,
        times[times.len() / 2]
    );
}
