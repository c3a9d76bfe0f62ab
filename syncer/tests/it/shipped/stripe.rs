//! Stripe: newest first, after the last object's id until `has_more` is false; times in seconds, the key as a user's name.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use chrono::{DateTime, Duration};

use super::{asked, children, complete, fields, shipped, writes_nothing};
use crate::{
    upstream::{Reply, Request},
    world::on_each_database,
};

/// An object: the path of its list, its id, when it was created, and its other members.
type Object = (String, String, i64, String);
type Account = Arc<Mutex<Vec<Object>>>;

fn at(time: &str) -> i64 {
    DateTime::parse_from_rfc3339(time)
        .expect("a time")
        .timestamp()
}

fn put(account: &Account, path: &str, id: &str, created: i64, more: &str) {
    let mut all = account.lock().expect("no test panicked here");
    all.retain(|(_, known, ..)| known != id);
    all.push((path.to_owned(), id.to_owned(), created, more.to_owned()));
}

fn replay(account: &Account) -> impl Fn(&Request) -> Reply + Send + Sync + use<> {
    let (account, refused) = (Arc::clone(account), AtomicBool::new(false));
    move |request| {
        // `made-up-key` and no password.
        if request.header("authorization") != Some("Basic bWFkZS11cC1rZXk6") {
            let said = r#"{"error":{"message":"Invalid API Key provided: ****","type":"invalid_request_error"}}"#;
            return Reply::status(401, said);
        }
        assert_eq!(request.header("stripe-version"), Some("2024-06-20"));
        if !refused.swap(true, Ordering::Relaxed) {
            let said = r#"{"error":{"message":"Request rate limit exceeded.","type":"invalid_request_error","code":"rate_limit","doc_url":"https://stripe.com/docs/error-codes/rate-limit"}}"#;
            return Reply::status(429, said)
                .with("stripe-rate-limited-reason", "global-rate")
                .with("stripe-should-retry", "true");
        }
        let mut all = account.lock().expect("no test panicked here").clone();
        all.retain(|(path, ..)| *path == request.path);
        let created: i64 = request
            .parameter("created[gte]")
            .unwrap_or("0")
            .parse()
            .expect("seconds");
        all.retain(|(_, _, at, _)| *at >= created);
        all.sort_by(|(_, a, one, _), (_, b, other, _)| other.cmp(one).then_with(|| b.cmp(a)));
        let after = match request.parameter("starting_after") {
            None => 0,
            Some(id) => match all.iter().position(|(_, known, ..)| known == id) {
                Some(at) => at + 1,
                None => {
                    let said = format!(
                        r#"{{"error":{{"code":"resource_missing","message":"No such object: '{id}'","param":"starting_after","type":"invalid_request_error"}}}}"#
                    );
                    return Reply::status(400, said);
                }
            },
        };
        let limit = request.number_in("limit").clamp(1, 100);
        let shown = all.iter().skip(after).take(limit);
        let shown: Vec<String> = shown
            .map(|(_, id, created, more)| {
                format!(r#"{{"id":"{id}","created":{created},"livemode":true{more}}}"#)
            })
            .collect();
        Reply::json(format!(
            r#"{{"object":"list","data":[{}],"has_more":{},"url":"/v1{}"}}"#,
            shown.join(","),
            after + limit < all.len(),
            request.path
        ))
        .with("request-id", "req_1")
        .with("stripe-version", "2024-06-20")
    }
}

#[tokio::test]
async fn customers() {
    on_each_database(&shipped("stripe"), async |world| {
        let account = Account::default();
        let ida = r#","object":"customer","name":"Ida","email":"ida@mail.example","balance":-250,"currency":"eur","delinquent":false,"address":{"country":"DE"},"metadata":{"tier":"gold"}"#;
        put(&account, "/customers", "cus_Ida", at("2026-11-20T12:00:00Z"), ida);
        for number in 0..219 {
            let created = at("2026-01-01T00:00:00Z") + number;
            put(&account, "/customers", &format!("cus_{number:03}"), created, r#","name":null,"balance":0"#);
        }
        world.upstream.answers(replay(&account));
        let counts = complete(&world, "customers").await.counts;
        assert_eq!((counts.inserted, counts.pages), (220, 3));
        let page = |more: &str| format!("/customers?created[gte]=1262304000&limit=100{more}");
        let pages = ["", "", "&starting_after=cus_120", "&starting_after=cus_020"];
        assert_eq!(asked(&world), pages.map(page), "once more after the refusal");
        let names = ["id", "name", "email", "balance", "currency", "delinquent", "country", "livemode", "metadata", "created"];
        let rows = fields(&world, "customers", &names).await;
        assert_eq!(rows[0], "cus_Ida | Ida | ida@mail.example | -250 | eur | false | DE | true | {\"tier\":\"gold\"} | 2026-11-20T12:00:00Z");
        assert_eq!(rows[219], "cus_000 | - | - | 0 | - | - | - | true | - | 2026-01-01T00:00:00Z");

        // The last three days again: what was created then may have changed.
        writes_nothing(&world, "customers").await;
        let since = at("2026-11-17T12:00:00Z");
        assert_eq!(asked(&world), [format!("/customers?created[gte]={since}&limit=100")]);
        put(&account, "/customers", "cus_Ida", at("2026-11-20T12:00:00Z"), &ida.replace("-250", "0"));
        put(&account, "/customers", "cus_New", at("2026-11-21T07:00:00Z"), r#","name":"New""#);
        // These are told by a pass over everything, once a day.
        put(&account, "/customers", "cus_005", at("2026-01-01T00:00:05Z"), r#","name":"Amos""#);
        account.lock().expect("no test panicked here").retain(|(_, id, ..)| id != "cus_006");
        let counts = complete(&world, "customers").await.counts;
        assert_eq!((counts.inserted, counts.updated, counts.deleted), (1, 1, 0));
        world.pass(Duration::days(1));
        let counts = complete(&world, "customers").await.counts;
        assert_eq!((counts.inserted, counts.updated, counts.deleted), (0, 1, 1));
        assert!(!world.live("customers").await.contains(&"cus_006".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn money() {
    on_each_database(&shipped("stripe"), async |world| {
        let account = Account::default();
        let created = at("2026-11-20T12:00:00Z");
        let charge = r#","amount":1099,"amount_captured":1099,"amount_refunded":0,"currency":"usd","status":"succeeded","paid":true,"captured":true,"refunded":false,"disputed":false,"customer":"cus_1","payment_method_details":{"type":"card","card":{"brand":"visa","last4":"4242"}},"outcome":{"risk_score":12}"#;
        put(&account, "/charges", "ch_1", created, charge);
        let invoice = |status: &str| format!(r#","number":"A-1","customer":"cus_1","status":"{status}","currency":"usd","subtotal":1000,"tax":99,"total":1099,"amount_due":1099,"due_date":null,"period_start":1795000000"#);
        put(&account, "/invoices", "in_1", created, &invoice("open"));
        put(&account, "/invoices", "in_2", created - 1, &invoice("paid"));
        for number in 0..12 {
            let line = r#","amount":100,"currency":"usd","quantity":1,"proration":false,"price":{"id":"price_1","product":"prod_1"},"period":{"start":1795000000,"end":1797592000}"#;
            put(&account, "/invoices/in_1/lines", &format!("il_{number:02}"), 100 - number, line);
        }
        let subscription = r#","customer":"cus_1","status":"canceled","canceled_at":1795000000,"items":{"object":"list","data":[{"id":"si_1","quantity":3,"price":{"id":"price_1","product":"prod_1","unit_amount":500}}],"has_more":false}"#;
        put(&account, "/subscriptions", "sub_1", created, subscription);
        world.upstream.answers(replay(&account));
        for resource in ["charges", "subscriptions", "invoices", "invoice_lines"] {
            complete(&world, resource).await;
        }
        let asked = asked(&world);
        assert!(asked.iter().any(|asked| asked.contains("status=all")), "{asked:?}");
        let names = ["id", "amount", "status", "paid", "refunded", "card_brand", "card_last4", "risk_score"];
        assert_eq!(fields(&world, "charges", &names).await, ["ch_1 | 1099 | succeeded | true | false | visa | 4242 | 12"]);
        let names = ["id", "number", "status", "tax", "total", "due_date", "period_start"];
        let first = "in_1 | A-1 | open | 99 | 1099 | - | 2026-11-18T11:06:40Z";
        assert_eq!(fields(&world, "invoices", &names).await[0], first);
        let lines = fields(&world, "invoice_lines", &["invoice_id", "amount", "product", "period_end"]).await;
        assert_eq!(lines, vec!["in_1 | 100 | prod_1 | 2026-12-18T11:06:40Z"; 12]);
        let prices = children(&world, "subscriptions", "items", &["id", "price", "unit_amount", "quantity"]).await;
        assert_eq!(prices, ["1 | si_1 | price_1 | 500 | 3"]);

        // Only the lines of invoices that changed.
        put(&account, "/invoices", "in_1", created, &invoice("void"));
        put(&account, "/charges", "ch_1", created, &charge.replace("\"refunded\":false", "\"refunded\":true"));
        let counts = complete(&world, "charges").await.counts;
        assert_eq!((counts.updated, counts.unchanged), (1, 0));
        complete(&world, "invoices").await;
        world.upstream.asked();
        writes_nothing(&world, "invoice_lines").await;
        assert_eq!(super::asked(&world), ["/invoices/in_1/lines?limit=100"]);
        writes_nothing(&world, "invoice_lines").await;
        assert_eq!(super::asked(&world), Vec::<String>::new());
    })
    .await;
}
