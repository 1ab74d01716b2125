use super::*;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::fs;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Writes a certificate of its own and its key, last changed so many seconds
/// after the beginning of time.
fn write(folder: &Path, changed: u64) -> CertificateDer<'static> {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    for (name, text) in [("cert.pem", cert.pem()), ("key.pem", signing_key.serialize_pem())] {
        fs::write(folder.join(name), text).unwrap();
        let file = fs::File::options().write(true).open(folder.join(name)).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(changed)).unwrap();
    }
    cert.der().clone()
}

/// Whether somebody who trusts nobody but `root` can talk to what is at `address`.
async fn talks(address: SocketAddr, root: &CertificateDer<'static>) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    let connector = TlsConnector::from(Arc::new(config.with_no_client_auth()));
    let stream = TcpStream::connect(address).await.unwrap();
    let Ok(mut stream) = connector.connect(ServerName::try_from("localhost").unwrap(), stream).await else {
        return false;
    };
    stream.write_all(b"hello").await.unwrap();
    let mut heard = [0; 5];
    stream.read_exact(&mut heard).await.unwrap();
    heard == *b"hello"
}

/// Says back what it hears.
async fn echo(mut listener: TlsListener) {
    loop {
        let (mut stream, _) = listener.accept().await;
        tokio::spawn(async move {
            let mut heard = [0; 5];
            stream.read_exact(&mut heard).await.unwrap();
            stream.write_all(&heard).await.unwrap();
        });
    }
}

#[tokio::test]
async fn who_trusts_the_certificate_is_heard_and_who_says_nothing_holds_up_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let root = write(folder.path(), 1);
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = tcp.local_addr().unwrap();
    let listener = TlsListener::new(tcp, &folder.path().join("cert.pem"), &folder.path().join("key.pem")).unwrap();
    assert_eq!(listener.local_addr().unwrap(), address);
    tokio::spawn(echo(listener));
    let _silent = TcpStream::connect(address).await.unwrap();
    assert!(talks(address, &root).await);
    let other = tempfile::tempdir().unwrap();
    assert!(!talks(address, &write(other.path(), 1)).await);
}

#[tokio::test]
async fn a_certificate_that_was_renewed_is_used_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    write(folder.path(), 1);
    let mut identity = Identity::read(&certificate, &key).unwrap();
    fs::write(&certificate, "no certificate").unwrap();
    assert!(identity.renew().is_err());
    let root = write(folder.path(), 2);
    identity.renew().unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = tcp.local_addr().unwrap();
    let (done, ready) = mpsc::channel(1);
    tokio::spawn(take(tcp, identity, done));
    tokio::spawn(echo(TlsListener { address, ready }));
    assert!(talks(address, &root).await);
}

#[test]
fn a_file_that_is_no_certificate_or_no_key_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    write(folder.path(), 1);
    let named = |certificate: &Path, key: &Path| Identity::read(certificate, key).err().unwrap().to_string();
    assert!(named(&folder.path().join("none.pem"), &key).contains("none.pem"));
    assert!(named(&key, &key).contains("key.pem"), "a key is no certificate");
    assert!(named(&certificate, &certificate).contains("cert.pem"), "a certificate is no key");
}
