//! A mail server on loopback that does what the recipient's name says.

use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

/// What the server has seen.
#[derive(Clone, Default)]
pub(crate) struct Seen {
    /// The messages that it has, as they came.
    pub(crate) messages: Arc<Mutex<Vec<String>>>,
    /// The commands, in order.
    pub(crate) commands: Arc<Mutex<Vec<String>>>,
    /// Somebody was kept waiting for an answer.
    pub(crate) hung: Arc<Notify>,
}

impl Seen {
    pub(crate) fn count(&self) -> usize {
        self.messages.lock().unwrap().len()
    }

    pub(crate) fn message(&self, at: usize) -> String {
        self.messages.lock().unwrap()[at].clone()
    }

    pub(crate) fn commands(&self) -> Vec<String> {
        self.commands.lock().unwrap().clone()
    }
}

pub(crate) struct Sink {
    pub(crate) port: u16,
    pub(crate) seen: Seen,
}

/// Serves until the test is over; with `tls`, by STARTTLS.
pub(crate) async fn start(tls: Option<TlsAcceptor>) -> Sink {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Seen::default();
    let shared = seen.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, tls.clone(), shared.clone()));
        }
    });
    Sink { port, seen }
}

async fn serve(mut stream: TcpStream, tls: Option<TlsAcceptor>, seen: Seen) {
    stream.write_all(b"220 sink\r\n").await.unwrap();
    let Some(acceptor) = tls else {
        talk(stream, &["AUTH PLAIN LOGIN", "8BITMIME"], &seen).await;
        return;
    };
    let mut lines = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        seen.commands.lock().unwrap().push(line.trim_end().to_owned());
        if line.starts_with("STARTTLS") {
            lines.write_all(b"220 go on\r\n").await.unwrap();
            break;
        }
        lines.write_all(b"250-sink\r\n250 STARTTLS\r\n").await.unwrap();
    }
    if let Ok(stream) = acceptor.accept(lines.into_inner()).await {
        talk(stream, &["AUTH PLAIN LOGIN", "8BITMIME"], &seen).await;
    }
}

async fn talk(stream: impl AsyncRead + AsyncWrite + Unpin, offers: &[&str], seen: &Seen) {
    let mut lines = BufReader::new(stream);
    let mut to = String::new();
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        seen.commands.lock().unwrap().push(line.trim_end().to_owned());
        let word = line.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
        let answer: String = match word.as_str() {
            "EHLO" => {
                let offered: String = offers.iter().map(|offer| format!("250-{offer}\r\n")).collect();
                format!("250-sink\r\n{offered}250 HELP")
            }
            "AUTH" if line.contains("AHVzZXIAd3Jvbmc=") => "535 5.7.8 no".into(),
            "AUTH" => "235 2.7.0 welcome".into(),
            "MAIL" => "250 2.1.0 ok".into(),
            "RCPT" => {
                to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                match to.split('@').next().unwrap_or_default() {
                    "bounce" => "550 5.1.1 no such user".into(),
                    "plain-bounce" => "550 no such user here".into(),
                    "blocked" => "550 5.7.1 you are on a list".into(),
                    "later" => "451 4.7.1 try again later".into(),
                    "cut-early" => return,
                    "hang-early" => return hang(seen).await,
                    _ => "250 2.1.5 ok".into(),
                }
            }
            "DATA" => {
                lines.write_all(b"354 go on\r\n").await.unwrap();
                let mut message = String::new();
                loop {
                    let mut line = String::new();
                    if lines.read_line(&mut line).await.unwrap_or(0) == 0 {
                        return;
                    }
                    if line == ".\r\n" {
                        break;
                    }
                    message.push_str(&line);
                }
                match to.split('@').next().unwrap_or_default() {
                    "spam" => "554 5.6.0 content refused".into(),
                    "full" => "452 4.2.2 mailbox full".into(),
                    name => {
                        seen.messages.lock().unwrap().push(message);
                        match name {
                            "cut" => return,
                            "hang" => return hang(seen).await,
                            _ => "250 2.0.0 queued".into(),
                        }
                    }
                }
            }
            "QUIT" => "221 bye".into(),
            _ => "502 what".into(),
        };
        if lines.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn hang(seen: &Seen) {
    seen.hung.notify_one();
    std::future::pending::<()>().await;
}
