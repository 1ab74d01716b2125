use super::*;
use std::fs;
use std::time::Duration;

const ROWS: &str = r#"
{"object":"customer","id":"cus_1","name":"Dana","company":"com_1","vip":true}
{"object":"customer","id":"cus_10","name":"Ada","company":"com_10"}
{"object":"customer","id":"cus_2","name":"Bo"}
{"object":"company","id":"com_1","name":"Northwind"}
{"object":"deal","id":"d_old","company":"com_1","stage":"closed_won","closed_at":"2025-01-01T00:00:00Z"}
{"object":"deal","id":"d_new","company":"com_1","customer":"cus_1","stage":"closed_lost","closed_at":"2026-01-01T00:00:00Z"}
{"object":"deal","id":"d_open","company":"com_1","stage":"proposal"}
{"object":"deal","id":"d_other","company":"com_10","stage":"proposal"}
{"object":"ticket","id":"t_1","customer":"cus_1","subject":"old","status":"closed","created_at":"2025-01-01T00:00:00Z"}
{"object":"ticket","id":"t_2","customer":"cus_1","subject":"new","status":"open","created_at":"2026-01-01T00:00:00Z"}
{"object":"ticket","id":"t_3","customer":"cus_10","subject":"other","status":"open","created_at":"2026-01-01T00:00:00Z"}
"#;

fn rows(text: &str) -> Rows {
    EmbeddedCrm::parse("rows.jsonl", text.as_bytes()).unwrap()
}

fn id(text: &str) -> CustomerId {
    CustomerId::new(text).unwrap()
}

fn ids(record: &CrmRecord) -> (Vec<&str>, Vec<&str>) {
    let deals = record.deals.iter().map(|deal| deal.id.as_str()).collect();
    (deals, record.tickets.iter().map(|ticket| ticket.id.as_str()).collect())
}

/// The same for both stores.
fn check(crm: &EmbeddedCrm) {
    let dana = crm.record(&id("cus_1")).unwrap().unwrap();
    assert_eq!(dana.customer.as_ref().unwrap().attributes["vip"], true);
    assert_eq!(dana.company.as_ref().unwrap().name, "Northwind");
    assert_eq!(ids(&dana), (vec!["d_open", "d_new", "d_old"], vec!["t_2", "t_1"]));

    // The company is not known, its deal is.
    let ada = crm.record(&id("cus_10")).unwrap().unwrap();
    assert_eq!(ada.company, None);
    assert_eq!(ids(&ada), (vec!["d_other"], vec!["t_3"]));

    assert_eq!(crm.record(&id("cus")).unwrap(), None);
    let names = |after: Option<&str>, most| -> Vec<String> {
        let after = after.map(id);
        crm.customers(after.as_ref(), most).unwrap().into_iter().map(|person| person.name).collect()
    };
    assert_eq!(names(None, 2), ["Dana", "Ada"]);
    assert_eq!(names(Some("cus_10"), 2), ["Bo"]);
    assert_eq!(names(Some("cus_2"), 2), Vec::<String>::new());
}

#[test]
fn a_record_has_everything_about_one_customer() {
    check(&EmbeddedCrm::in_memory(rows(ROWS)));
}

#[test]
fn rows_are_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("crm");
    let crm = EmbeddedCrm::open(&folder).unwrap();
    let imported = crm.import(&rows(ROWS)).unwrap();
    assert_eq!(imported, Imported { customers: 3, companies: 1, deals: 4, tickets: 3, replaced: 0 });
    check(&crm);
    assert!(matches!(EmbeddedCrm::open(&folder), Err(CrmError::Busy { .. })), "one process at a time");
    drop(crm);
    let crm = reopened(&folder);
    assert_eq!(crm.damage(), None);
    check(&crm);
    assert_eq!(crm.import(&rows(ROWS)).unwrap().replaced, 11);
    check(&crm);
}

#[test]
fn a_later_row_replaces_an_earlier_one_and_moves_with_its_owner() {
    let crm = EmbeddedCrm::in_memory(rows(ROWS));
    let later = r#"{"object":"ticket","id":"t_2","customer":"cus_2","subject":"moved","status":"open","created_at":"2026-01-01T00:00:00Z"}
{"object":"deal","id":"d_new","company":"com_10","stage":"proposal"}"#;
    let mut twice = rows(later);
    twice.extend(rows(&later.replace("cus_2", "cus_10")));
    let imported = crm.import(&twice).unwrap();
    assert_eq!((imported.tickets, imported.deals, imported.replaced), (2, 2, 4));
    let record = |customer| crm.record(&id(customer)).unwrap().unwrap();
    assert_eq!(ids(&record("cus_1")), (vec!["d_open", "d_old"], vec!["t_1"]));
    assert_eq!(ids(&record("cus_2")), (vec![], vec![]));
    assert_eq!(ids(&record("cus_10")), (vec!["d_new", "d_other"], vec!["t_2", "t_3"]));
}

#[test]
fn tickets_of_somebody_unknown_are_a_record() {
    let text = r#"{"object":"ticket","id":"t","customer":"cus_9","subject":"s","status":"open","created_at":"2026-01-01T00:00:00Z"}"#;
    let record = EmbeddedCrm::in_memory(rows(text)).record(&id("cus_9")).unwrap().unwrap();
    assert_eq!((record.customer, record.tickets.len()), (None, 1));
}

/// Opens a store that was dropped just now: sled lets go of its lock a moment later.
fn reopened(folder: &Path) -> EmbeddedCrm {
    for _ in 0..100 {
        match EmbeddedCrm::open(folder) {
            Err(CrmError::Busy { .. }) => std::thread::sleep(Duration::from_millis(20)),
            opened => return opened.unwrap(),
        }
    }
    panic!("{} stays locked", folder.display());
}

#[test]
fn a_damaged_store_is_moved_aside_and_reported() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("crm");
    for (round, harm) in ["garbage", "empty"].into_iter().enumerate() {
        let crm = reopened(&folder);
        crm.import(&rows(ROWS)).unwrap();
        drop(crm);
        match harm {
            "garbage" => {
                for file in ["db", "conf"] {
                    let length = fs::metadata(folder.join(file)).unwrap().len();
                    fs::write(folder.join(file), vec![0xa5; usize::try_from(length).unwrap()]).unwrap();
                }
                let _ = fs::remove_dir_all(folder.join("blobs"));
            }
            _ => fs::write(folder.join("db"), b"").unwrap(),
        }
        let crm = reopened(&folder);
        let Some(damage) = crm.damage() else {
            panic!("{harm}: {:?}", crm.customers(None, 9));
        };
        assert!(damage.moved_to.join("db").exists());
        let name = if round == 0 { "crm.damaged".to_owned() } else { format!("crm.damaged-{}", round + 1) };
        assert_eq!(damage.moved_to, dir.path().join(name));
        assert_eq!(crm.customers(None, 9).unwrap(), []);
        crm.import(&rows(ROWS)).unwrap();
        check(&crm);
        drop(crm);
        assert_eq!(reopened(&folder).damage(), None);
        fs::remove_dir_all(&folder).unwrap();
    }
}

#[test]
fn a_file_in_the_place_of_the_folder_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("crm");
    fs::write(&file, "mine").unwrap();
    assert!(matches!(EmbeddedCrm::open(&file), Err(CrmError::Unavailable { .. })));
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
}

#[tokio::test]
async fn it_is_a_crm_for_the_tools() {
    let crm: Box<dyn Crm> = Box::new(EmbeddedCrm::in_memory(rows(ROWS)));
    assert_eq!(crm.record(&id("cus_1")).await.unwrap().unwrap().deals.len(), 3);
    assert_eq!(crm.record(&id("nobody")).await.unwrap(), None);
}

#[test]
fn an_address_is_one_customers_or_nobodys() {
    let dir = tempfile::tempdir().unwrap();
    let crm = EmbeddedCrm::open(dir.path()).unwrap();
    let customer = |id: &str, emails: &str| {
        format!("{{\"object\":\"customer\",\"id\":\"{id}\",\"name\":\"x\",\"emails\":{emails}}}\n")
    };
    let text = customer("cus_1", "[\"dana@example.com\",\"shared@example.com\"]")
        + &customer("cus_2", "[\"Shared@Example.com\"]");
    crm.import(&rows(&text)).unwrap();
    let whose = |address: &str| crm.by_address(address).unwrap().map(|person| person.id.to_string());
    assert_eq!(whose("DANA@example.com").as_deref(), Some("cus_1"));
    assert_eq!(whose("shared@example.com"), None, "two have it");
    assert_eq!(whose("nobody@example.com"), None);
    // An import is seen.
    crm.import(&rows(&customer("cus_2", "[\"bo@example.com\"]"))).unwrap();
    assert_eq!(whose("shared@example.com").as_deref(), Some("cus_1"));
    assert_eq!(whose("bo@example.com").as_deref(), Some("cus_2"));
}

#[test]
fn a_full_disk_is_called_one() {
    for kind in [std::io::ErrorKind::StorageFull, std::io::ErrorKind::QuotaExceeded] {
        let error = CrmError::from(sled::Error::Io(kind.into()));
        assert_eq!(error.to_string(), "the store of the CRM is unavailable: the disk is full");
    }
}
