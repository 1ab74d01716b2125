//! The IMAP server, as whoever delivers mail and whoever looks into a mailbox sees it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Everybody's.
pub(crate) const PASSWORD: &str = "secret";

/// Where the server is.
#[derive(Clone, Debug)]
pub(crate) struct Office {
    pub(crate) plain: u16,
    pub(crate) tls: u16,
    /// The certificate that it shows.
    pub(crate) certificate: String,
}

impl Office {
    /// The server that `cargo xtask test` started; nothing if it did not.
    pub(crate) fn find() -> Option<Self> {
        let Ok(real) = std::env::var("ATTACHE_REAL_IMAP") else {
            println!("skipped: ATTACHE_REAL_IMAP is not set; `cargo xtask test` starts a server and sets it");
            return None;
        };
        let words: Vec<&str> = real.split('|').collect();
        Some(Self {
            plain: words[0].parse().unwrap(),
            tls: words[1].parse().unwrap(),
            certificate: words[2].to_owned(),
        })
    }

    pub(crate) fn sign_in(&self, user: &str) -> Seat {
        let stream = TcpStream::connect(("127.0.0.1", self.plain)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut seat = Seat(BufReader::new(stream));
        seat.line();
        seat.ask(&format!("LOGIN {user} {PASSWORD}"));
        seat
    }
}

/// Somebody who is signed in.
pub(crate) struct Seat(BufReader<TcpStream>);

impl Seat {
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line
    }

    /// What is answered to a command, which must succeed.
    pub(crate) fn ask(&mut self, command: &str) -> String {
        self.0.get_mut().write_all(format!("t {command}\r\n").as_bytes()).unwrap();
        self.answered()
    }

    fn answered(&mut self) -> String {
        let mut told = String::new();
        loop {
            let line = self.line();
            if let Some(end) = line.strip_prefix("t ") {
                assert!(end.starts_with("OK"), "{end}");
                return told;
            }
            assert!(!line.is_empty(), "the server hung up");
            told.push_str(&line);
        }
    }

    /// Puts a message into the mailbox, as a server that delivers it does.
    pub(crate) fn deliver(&mut self, mail: &str) {
        self.0.get_mut().write_all(format!("t APPEND INBOX {{{}}}\r\n", mail.len()).as_bytes()).unwrap();
        assert!(self.line().starts_with('+'));
        self.0.get_mut().write_all(mail.as_bytes()).unwrap();
        self.0.get_mut().write_all(b"\r\n").unwrap();
        self.answered();
    }

    /// The marks of each message of a mailbox.
    pub(crate) fn marks(&mut self, mailbox: &str) -> Vec<String> {
        self.ask(&format!("EXAMINE {mailbox}"));
        let told = self.ask("UID FETCH 1:* (FLAGS)");
        let marks =
            |line: &str| line.split_once("FLAGS (").map(|(_, rest)| rest.replace("))", "").replace("\\Recent", ""));
        told.lines().filter_map(marks).map(|marks| marks.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    /// Waits until the messages of the mailbox have these marks.
    pub(crate) fn wait(&mut self, mailbox: &str, marks: &[&str]) {
        for _ in 0..400 {
            if self.marks(mailbox) == marks {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(self.marks(mailbox), marks);
    }
}

/// Something between the agent and the server.
pub(crate) struct Between {
    pub(crate) port: u16,
    /// Says each time that it hung up because of a word.
    pub(crate) heard: Receiver<()>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Between {
    /// Hangs up on whoever is connected.
    pub(crate) fn cut(&self) {
        for stream in self.open.lock().unwrap().drain(..) {
            // It may have gone already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// Passes everything on, until the agent says a word: then it hangs up.
pub(crate) fn between(office: &Office, word: Option<&'static str>) -> Between {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, heard) = channel();
    let open = Arc::new(Mutex::new(Vec::new()));
    let (server, kept) = (office.plain, Arc::clone(&open));
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let tell = tell.clone();
            let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { return };
            kept.lock().unwrap().push(client.try_clone().unwrap());
            let (mut back, mut out) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut back, &mut out));
            std::thread::spawn(move || listen(client, server, word, &tell));
        }
    });
    Between { port, heard, open }
}

fn listen(mut client: TcpStream, mut server: TcpStream, word: Option<&str>, tell: &Sender<()>) {
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = client.read(&mut bytes) {
        let said = String::from_utf8_lossy(&bytes[..count]);
        if word.is_some_and(|word| said.contains(word)) {
            // The test may have seen enough.
            let _ = tell.send(());
            break;
        }
        if server.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    // Both ends are told, unless they went first.
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
}
