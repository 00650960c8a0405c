//! The disk's limit: bodies appended to one file by a single writer that gathers what waits and flushes once for all.

use std::{
    fs::File,
    io::Write,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    time::{Duration, Instant},
};

use crate::LOAD;

const WRITERS: usize = 64;

/// What appending came to.
pub(crate) struct Appended {
    pub(crate) per_second: f64,
    /// Of one flush, on average.
    pub(crate) flush: Duration,
}

type Waiting = SyncSender<()>;

pub(crate) fn run(bytes: usize) -> Appended {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let file = File::create(folder.path().join("appended")).unwrap();
    let (offer, offers) = sync_channel::<Waiting>(WRITERS);
    let disk = std::thread::spawn(move || append(file, &vec![b'x'; bytes], &offers));
    let start = Instant::now();
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| {
            let offer = offer.clone();
            std::thread::spawn(move || {
                let mut count = 0_u64;
                let (done, flushed) = sync_channel(1);
                while start.elapsed() < LOAD {
                    offer.send(done.clone()).unwrap();
                    flushed.recv().unwrap();
                    count += 1;
                }
                count
            })
        })
        .collect();
    drop(offer);
    let count: u64 = writers.into_iter().map(|writer| writer.join().unwrap()).sum();
    let took = start.elapsed();
    let (flushes, flushing) = disk.join().unwrap();
    Appended { per_second: count as f64 / took.as_secs_f64(), flush: flushing / flushes }
}

fn append(mut file: File, record: &[u8], offers: &Receiver<Waiting>) -> (u32, Duration) {
    let (mut flushes, mut flushing) = (0, Duration::ZERO);
    let mut group = Vec::new();
    while let Ok(first) = offers.recv() {
        group.push(first);
        group.extend(offers.try_iter().take(WRITERS));
        for _ in &group {
            file.write_all(record).unwrap();
        }
        let start = Instant::now();
        file.sync_data().unwrap();
        flushing += start.elapsed();
        flushes += 1;
        for waiting in group.drain(..) {
            waiting.send(()).unwrap();
        }
    }
    (flushes.max(1), flushing)
}
