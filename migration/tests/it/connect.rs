//! How a database is spoken to.

use entity::connect::connect;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

/// The cipher that a connection to `url` has; empty: none.
async fn cipher(url: &str) -> String {
    let db = connect(url, 1).await.expect("the database answers");
    let show = Statement::from_string(DbBackend::MySql, "SHOW STATUS LIKE 'Ssl_cipher'");
    let row = db.query_one_raw(show).await.expect("it tells");
    let row = row.expect("there is such a variable");
    row.try_get_by_index(1).expect("a text")
}

#[tokio::test]
async fn a_server_on_this_machine_is_spoken_to_without_tls_unless_it_is_asked_for() {
    for kind in testdb::kinds() {
        let database = testdb::fresh(kind).await;
        if kind == testdb::Kind::Sqlite {
            continue;
        }
        assert_eq!(cipher(&database.url).await, "", "{kind:?}");
        if kind == testdb::Kind::MySql {
            let asked = format!("{}?ssl-mode=required", database.url);
            assert_ne!(cipher(&asked).await, "", "{kind:?}");
        }
    }
}
