//! A disk that is really full: a small file system in memory, filled to its last byte.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use crate::{
    disk::store_on,
    process::{Daemon, program, settings, subscribe},
    senders::{Senders, admin, all_posted, holds, on_cards, send_again},
    teams::Teams,
};

/// Bytes that each webhook has more than it needs, so that the disk is full soon.
const FILLER: usize = 8_000;

/// A file system of its own, which is there until this is dropped.
struct Small(PathBuf);

impl Small {
    /// None where it may not be mounted, which is said.
    #[expect(clippy::print_stdout, reason = "who runs the tests should know what was skipped")]
    fn mount(at: &Path) -> Option<Self> {
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=24m", "tmpfs"]).arg(at).output();
        let why = match mounted {
            Ok(output) if output.status.success() => return Some(Self(at.to_owned())),
            Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            Err(error) => error.to_string(),
        };
        println!("skipped: a small file system can't be mounted, which takes root: {why}");
        None
    }

    /// Leaves no room at all.
    fn fill(&self) {
        let mut file = File::create(self.0.join("filler")).unwrap();
        while file.write_all(&[7; 4096]).is_ok() {}
    }

    fn free(&self) {
        fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("--lazy").arg(&self.0).status();
        assert!(std::thread::panicking() || unmounted.unwrap().success());
    }
}

/// Starts the daemon for two seconds, or as long as it wants.
fn start_briefly(folder: &Path) -> String {
    let mut child = program(folder).arg("serve").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    for _ in 0..40 {
        if child.try_wait().unwrap().is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    child.kill().unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_refused_on_and_once_there_is_room_all_goes_on() {
    let folder = settings();
    let folder = folder.path();
    store_on(folder, "disk/data");
    fs::create_dir(folder.join("disk")).unwrap();
    let Some(disk) = Small::mount(&folder.join("disk")) else { return };
    let teams = Teams::start().await;
    let mut daemon = Daemon::start(folder);
    let ids = [subscribe(folder, &teams.url("a"))];
    let senders = Senders::start(&daemon, "d", 4, FILLER);
    senders.accepted(50).await;
    disk.fill();
    senders.refused(1).await;
    let (status, text) = admin(&daemon, "/readyz").await;
    assert!(status == 503 && text.contains("No space left on device"), "{status} {text}");
    let mut told = senders.stop().await;
    assert!(told.cut.is_empty(), "the process died");
    holds(&daemon, &told, FILLER, &ids).await;
    daemon.kill();

    // Whoever watches over it may start it again before anybody made room.
    for _ in 0..2 {
        let said = start_briefly(folder);
        assert!(!said.contains("a fault of teams-relay") && !said.contains("can't be read"), "{said}");
    }

    disk.free();
    let mut daemon = Daemon::start(folder);
    holds(&daemon, &told, FILLER, &ids).await;
    send_again(&daemon, &mut told, FILLER).await;
    all_posted(&daemon).await;
    let cards = on_cards(&teams, "channel-a");
    let missing: Vec<_> = told.accepted.iter().filter(|delivery| !cards.contains_key(*delivery)).collect();
    assert!(missing.is_empty(), "no card told of {missing:?}");
    daemon.stop();
}
