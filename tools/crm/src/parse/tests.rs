use super::*;
use proptest::prelude::*;
use serde_json::json;

fn read(file: &str, text: &str) -> Result<Rows, String> {
    parse(file, text.as_bytes()).map_err(|fault| fault.to_string())
}

fn fault(file: &str, text: &str) -> String {
    read(file, text).unwrap_err()
}

const CONTRACT: &str = r#"
{"object":"customer","id":"cus_1042","name":"Dana","emails":["d@n.example"],"phones":["+1 555"],"company":"com_7","locale":"en-US","stage":"customer","owner":"Kim","tier":2,"tags":["a"]}
{"object":"company","id":"com_7","name":"Northwind","domain":"n.example","industry":"Hotels","employees":120,"plan":"Team"}
{"object":"deal","id":"dea_1","company":"com_7","customer":"cus_1042","stage":"closed_won","amount":{"minor":120000,"currency":"EUR"},"closed_at":"2026-01-02T00:00:00Z"}
{"object":"ticket","id":"tic_1","customer":"cus_1042","subject":"Sync","body":"It fails.","status":"open","sentiment":"negative","created_at":"2026-03-04T05:06:07Z"}
"#;

#[test]
fn the_rows_of_the_contract_are_read() {
    let rows = read("rows.jsonl", CONTRACT).unwrap();
    assert_eq!(rows.len(), 4);
    let dana = &rows.customers[0];
    assert_eq!((dana.id.as_str(), dana.company.as_deref()), ("cus_1042", Some("com_7")));
    assert_eq!(json!(dana.attributes), json!({"tier": 2, "tags": ["a"]}));
    assert_eq!(rows.companies[0].employees, Some(120));
    assert_eq!(json!(rows.deals[0].amount), json!({"minor": 120_000, "currency": "EUR"}));
    assert_eq!(rows.tickets[0].created_at.to_string(), "2026-03-04T05:06:07Z");
}

#[test]
fn csv_says_the_same_as_jsonl() {
    let jsonl = read("rows.jsonl", &CONTRACT.replace(",\"tier\":2,\"tags\":[\"a\"]", "")).unwrap();
    let mut csv = read(
        "Customers.CSV",
        "\u{feff}id, name ,emails,phones,company,locale,stage,owner\r\ncus_1042,Dana,d@n.example;,+1 555,com_7,en-US,customer,Kim\r\n",
    )
    .unwrap();
    let companies = "id,name,domain,industry,employees,plan\ncom_7,Northwind,n.example,Hotels,120,Team\n";
    csv.extend(read("companies.csv", companies).unwrap());
    let deals = "id,company,customer,stage,amount_minor,amount_currency,closed_at\n\
                 dea_1,com_7,cus_1042,closed_won,120000,EUR,2026-01-02T00:00:00Z\n";
    csv.extend(read("deals.csv", deals).unwrap());
    let tickets = "id,customer,subject,body,status,sentiment,created_at\n\
                   tic_1,cus_1042,Sync,It fails.,open,negative,2026-03-04T05:06:07Z";
    csv.extend(read("tickets.csv", tickets).unwrap());
    assert_eq!(csv, jsonl);
}

#[test]
fn an_unknown_column_is_an_attribute_and_an_empty_cell_is_nothing() {
    let rows = read("companies.csv", "id,name,plan,region\ncom_1,A,,EMEA\ncom_2,B,Team,\n,,,\n").unwrap();
    assert_eq!(rows.companies.len(), 2);
    assert_eq!(rows.companies[0].plan, None);
    assert_eq!(json!(rows.companies[0].attributes), json!({"region": "EMEA"}));
    assert!(rows.companies[1].attributes.is_empty());
}

#[test]
fn faults_name_file_line_and_column() {
    let ticket =
        r#"{"object":"ticket","id":"t","customer":"c","subject":"s","status":"open","created_at":"yesterday"}"#;
    for (file, text, expected) in [
        (
            "a.jsonl",
            "\n{\"object\":\"person\"}",
            "a.jsonl:2: `object`: is \"person\", expected \"customer\", \"company\", \"deal\" or \"ticket\"",
        ),
        (
            "a.jsonl",
            "{}",
            "a.jsonl:1: `object`: is missing, expected \"customer\", \"company\", \"deal\" or \"ticket\"",
        ),
        (
            "a.jsonl",
            "{\"object\":\"company\",\"id\":\"a\",\"id\":\"b\"}",
            "a.jsonl:1: `id` is there twice (character 38)",
        ),
        ("a.jsonl", "[1]", "a.jsonl:1: invalid type: sequence, expected a JSON object"),
        (
            "a.jsonl",
            ticket,
            "a.jsonl:1: `created_at`: is \"yesterday\", expected a time such as \"2026-11-20T09:12:00Z\"",
        ),
        (
            "a.jsonl",
            "{\"object\":\"customer\",\"id\":\" x\",\"name\":\"n\"}",
            "a.jsonl:1: `id`: an id has no control characters and no white space at its ends",
        ),
        (
            "a.jsonl",
            "{\"object\":\"customer\",\"id\":\"x\",\"name\":\"n\",\"emails\":\"e\"}",
            "a.jsonl:1: `emails`: is \"e\", expected a list of texts",
        ),
        (
            "a.jsonl",
            "{\"object\":\"deal\",\"id\":\"x\",\"stage\":\"n\",\"amount\":{\"minor\":1.5,\"currency\":\"EUR\"}}",
            "a.jsonl:1: `amount.minor`: is 1.5, expected a whole number of minor units, such as cents",
        ),
        (
            "deals.csv",
            "id,stage,amount_minor,amount_currency\nd1,won,1,EUR\n\nd2,won,\"1,5\",EUR\n",
            "deals.csv:4: `amount_minor`: is \"1,5\", expected a whole number of minor units, such as cents",
        ),
        (
            "deals.csv",
            "id,stage,amount_minor,amount_currency\nd2,won,1,euro\n",
            "deals.csv:2: `amount_currency`: is \"euro\", expected an ISO 4217 code such as \"EUR\"",
        ),
        (
            "deals.csv",
            "id,stage,amount_minor\nd2,won,1\n",
            "deals.csv:2: `amount_currency`: is missing, expected an ISO 4217 code such as \"EUR\"",
        ),
        (
            "companies.csv",
            "id,name,employees\r\na,\"A\r\nB\",3\r\nb,B,many\r\n",
            "companies.csv:4: `employees`: is \"many\", expected a whole number from 0",
        ),
        ("companies.csv", "id,name\na,b,c\n", "companies.csv:2: has 3 columns, the header has 2"),
        ("companies.csv", "id,name\na,\"b\nc,d\ne,f\n", "companies.csv:2: a quoted column is not closed"),
        ("companies.csv", "id,id\n", "companies.csv:1: `id`: is twice in the header"),
        (
            "companies.csv",
            "object,id,name\ndeal,a,b\n",
            "companies.csv:2: `object`: is \"deal\" in a file of companies",
        ),
        ("companies.csv", "id,name\na,b\nb,c\na,d\n", "companies.csv:4: `id`: the company \"a\" is on line 2 already"),
        (
            "people.csv",
            "id,name\n",
            "people.csv: the name says not what the rows are: expected customers.csv, companies.csv, deals.csv or tickets.csv",
        ),
        ("people.xlsx", "PK", "people.xlsx: is neither JSONL nor CSV: expected a name that ends in .jsonl or .csv"),
    ] {
        assert_eq!(fault(file, text), expected);
    }
}

#[test]
fn bytes_that_are_no_text_are_named() {
    let fault = parse("companies.csv", &b"id,name\na,b\nb,\xff\n"[..]).unwrap_err();
    assert_eq!(fault.to_string(), "companies.csv:3: `name`: is not UTF-8");
    let fault = parse("a.jsonl", &b"{\"object\":\"\xff\"}"[..]).unwrap_err();
    assert_eq!((fault.line, fault.column), (Some(1), None));
}

#[test]
fn a_line_has_a_limit() {
    let long = format!("id,name\na,b\nb,{}\n", "x".repeat(MAX_LINE));
    assert_eq!(fault("companies.csv", &long), "companies.csv:3: is longer than 1 MiB");
    let wide = format!("id,name\na,b\nb,\"{}\"\n", "x\n".repeat(MAX_LINE / 2 + 1));
    assert_eq!(fault("companies.csv", &wide), "companies.csv:3: is longer than 1 MiB");
    let long = format!("\n{{\"object\":\"{}\"}}", "x".repeat(MAX_LINE));
    assert_eq!(fault("a.jsonl", &long), "a.jsonl:2: is longer than 1 MiB");
}

#[test]
fn the_same_id_of_two_kinds_is_two_rows() {
    let text =
        "{\"object\":\"company\",\"id\":\"a\",\"name\":\"A\"}\n{\"object\":\"customer\",\"id\":\"a\",\"name\":\"A\"}";
    assert_eq!(read("a.ndjson", text).unwrap().len(), 2);
}

proptest! {
    #[test]
    fn fuzz_bytes_never_panic(bytes: Vec<u8>, file in "(customers|companies|deals|tickets)\\.(csv|jsonl)") {
        let _ = parse(&file, &bytes[..]);
    }

    #[test]
    fn fuzz_tables_never_panic(text in "(id|name|amount_minor|emails|[,;\"\r\n a1]){0,60}", file in "(customers|deals)\\.csv") {
        let _ = parse(&file, text.as_bytes());
    }

    #[test]
    fn a_fault_is_found_on_its_line(good in 0_usize..20, blank in 0_usize..3, crlf: bool) {
        let end = if crlf { "\r\n" } else { "\n" };
        let mut text = format!("id,name,employees{end}");
        for n in 0..good {
            text.push_str(&format!("c{n},\"C{end}{n}\",{n}{end}"));
        }
        text.push_str(&end.repeat(blank));
        text.push_str("bad,Bad,-1");
        prop_assert_eq!(parse("companies.csv", text.as_bytes()).unwrap_err().line, Some(2 + 2 * good + blank));
    }
}
