//! From the bytes of a file to rows.

use crate::fault::CrmFault;
use crate::fields::{Fields, OBJECT, Wrong, cell};
use crate::rows::{Kind, Rows};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::path::Path;

/// How long a line, or a CSV record over several lines, may be, in bytes.
pub const MAX_LINE: usize = 1024 * 1024;

/// How large a file may be, in bytes.
pub const MAX_FILE: usize = 1024 * 1024 * 1024;

/// The mark that some programs put before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a file; what it holds is told by its name.
pub(crate) fn parse(file: &str, reader: impl Read) -> Result<Rows, CrmFault> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(MAX_FILE).unwrap_or(u64::MAX);
    let mut parsing = Parsing { file, line: None, rows: Rows::default(), seen: BTreeMap::new() };
    if let Err(error) = reader.take(limit + 1).read_to_end(&mut bytes) {
        return Err(parsing.fault(Wrong::row(format!("cannot be read: {error}"))));
    }
    if bytes.len() > MAX_FILE {
        return Err(parsing.fault(Wrong::row("is larger than 1 GiB; split it")));
    }
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes);
    parsing.read(bytes).map_err(|wrong| parsing.fault(wrong))?;
    Ok(parsing.rows)
}

/// The state of reading one file.
struct Parsing<'a> {
    file: &'a str,
    /// The line that is being read.
    line: Option<usize>,
    rows: Rows,
    /// The line of every row.
    seen: BTreeMap<(Kind, String), usize>,
}

impl Parsing<'_> {
    fn fault(&self, wrong: Wrong) -> CrmFault {
        CrmFault { file: self.file.to_owned(), line: self.line, column: wrong.column, what: wrong.what }
    }

    fn read(&mut self, bytes: &[u8]) -> Result<(), Wrong> {
        let path = Path::new(self.file);
        let part = |part: Option<&std::ffi::OsStr>| part.and_then(|p| p.to_str()).unwrap_or_default().to_lowercase();
        match part(path.extension()).as_str() {
            "csv" => {
                let stem = part(path.file_stem());
                let kind = Kind::ALL.into_iter().find(|kind| kind.file() == stem).ok_or_else(|| {
                    Wrong::row(
                        "the name says not what the rows are: expected customers.csv, companies.csv, deals.csv or \
                         tickets.csv",
                    )
                })?;
                self.csv(kind, bytes)
            }
            "jsonl" | "ndjson" => self.jsonl(bytes),
            _ => Err(Wrong::row("is neither JSONL nor CSV: expected a name that ends in .jsonl or .csv")),
        }
    }

    fn jsonl(&mut self, bytes: &[u8]) -> Result<(), Wrong> {
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            self.line = Some(index + 1);
            check_length(line.len())?;
            if line.trim_ascii().is_empty() {
                continue;
            }
            let Object(columns) = serde_json::from_slice(line).map_err(|error| {
                let text = error.to_string();
                let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
                let place = match error.column() {
                    0 => String::new(),
                    column => format!(" (character {column})"),
                };
                Wrong::row(format!("{what}{place}"))
            })?;
            let mut fields = Fields(columns);
            let kind = fields.kind()?;
            self.row(kind, fields)?;
        }
        Ok(())
    }

    fn csv(&mut self, kind: Kind, bytes: &[u8]) -> Result<(), Wrong> {
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            self.line = Some(index + 1);
            check_length(line.len())?;
        }
        // Lengths are checked here, to say which line it is.
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
        let mut record = csv::ByteRecord::new();
        let mut place = Place { bytes, byte: 0, line: 1 };
        let mut columns: Option<Vec<String>> = None;
        loop {
            let more = reader.read_byte_record(&mut record).map_err(|error| Wrong::row(error.to_string()))?;
            if !more {
                return Ok(());
            }
            let from = record.position().map_or(0, csv::Position::byte);
            let start = place.line_of(from);
            self.line = Some(start);
            check_length(record.as_slice().len())?;
            if reader.position().byte() >= u64::try_from(bytes.len()).unwrap_or(u64::MAX) {
                check_last(bytes.get(place.byte..).unwrap_or_default())?;
            }
            let Some(columns) = &columns else {
                columns = Some(header(&record)?);
                continue;
            };
            self.record(kind, columns, &record)?;
        }
    }

    fn record(&mut self, kind: Kind, columns: &[String], record: &csv::ByteRecord) -> Result<(), Wrong> {
        if record.len() != columns.len() {
            let (has, header) = (record.len(), columns.len());
            return Err(Wrong::row(format!("has {has} columns, the header has {header}")));
        }
        let mut fields = BTreeMap::new();
        for (column, bytes) in columns.iter().zip(record) {
            let text = std::str::from_utf8(bytes).map_err(|_| Wrong::column(column, "is not UTF-8"))?;
            if let Some(value) = cell(kind, column, text) {
                fields.insert(column.clone(), value);
            }
        }
        if fields.is_empty() {
            // A line of nothing but commas, as spreadsheets leave them.
            return Ok(());
        }
        let mut fields = Fields(fields);
        if fields.0.contains_key(OBJECT) {
            let said = fields.kind()?;
            if said != kind {
                let (said, file) = (said.name(), kind.file());
                return Err(Wrong::column(OBJECT, format!("is \"{said}\" in a file of {file}")));
            }
        }
        self.row(kind, fields)
    }

    fn row(&mut self, kind: Kind, fields: Fields) -> Result<(), Wrong> {
        let id = fields.add(kind, &mut self.rows)?;
        let line = self.line.unwrap_or_default();
        if let Some(first) = self.seen.get(&(kind, id.clone())) {
            return Err(Wrong::column("id", format!("the {} {id:?} is on line {first} already", kind.name())));
        }
        self.seen.insert((kind, id), line);
        Ok(())
    }
}

fn check_length(length: usize) -> Result<(), Wrong> {
    if length > MAX_LINE { Err(Wrong::row("is longer than 1 MiB")) } else { Ok(()) }
}

/// A quote that is never closed makes the rest of a file one cell, in silence.
fn check_last(record: &[u8]) -> Result<(), Wrong> {
    let quotes = record.iter().filter(|byte| **byte == b'"').count();
    let lines = record.trim_ascii().contains(&b'\n');
    if lines && quotes % 2 == 1 { Err(Wrong::row("a quoted column is not closed")) } else { Ok(()) }
}

/// The names of the columns.
fn header(record: &csv::ByteRecord) -> Result<Vec<String>, Wrong> {
    let mut columns: Vec<String> = Vec::new();
    for bytes in record {
        let name = std::str::from_utf8(bytes).map_err(|_| Wrong::row("the header is not UTF-8"))?.trim().to_owned();
        if name.is_empty() {
            return Err(Wrong::row("a column of the header has no name"));
        }
        if columns.contains(&name) {
            return Err(Wrong::column(&name, "is twice in the header"));
        }
        columns.push(name);
    }
    Ok(columns)
}

/// Finds the line of a byte, from front to back.
struct Place<'a> {
    bytes: &'a [u8],
    byte: usize,
    line: usize,
}

impl Place<'_> {
    /// The line of the record at or after `from`: the reader starts a record
    /// before the empty lines that it skips.
    fn line_of(&mut self, from: u64) -> usize {
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let rest = self.bytes.get(from..).unwrap_or_default();
        let empty = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let start = from.saturating_add(empty);
        let passed = self.bytes.get(self.byte..start).unwrap_or_default();
        self.line += passed.iter().filter(|byte| **byte == b'\n').count();
        self.byte = start;
        self.line
    }
}

/// A JSON object in which no name is there twice.
struct Object(BTreeMap<String, Value>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Columns;

        impl<'de> Visitor<'de> for Columns {
            type Value = BTreeMap<String, Value>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut columns = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if columns.contains_key(&name) {
                        return Err(A::Error::custom(format!("`{name}` is there twice")));
                    }
                    columns.insert(name, value);
                }
                Ok(columns)
            }
        }

        deserializer.deserialize_map(Columns).map(Self)
    }
}

#[cfg(test)]
mod tests;
