//! USGS: `GeoJSON`, offsets from 1 on, times in milliseconds that requests write as texts, events that say that they are deleted.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use chrono::{DateTime, Duration};

use super::{asked, complete, fields, items, shipped, writes_nothing};
use crate::{
    upstream::{Reply, Request},
    world::on_each_database,
};

#[derive(Clone, Debug)]
struct Event {
    id: String,
    updated: i64,
    magnitude: f64,
    status: &'static str,
}

type Catalogue = Arc<Mutex<Vec<Event>>>;

fn millis(time: &str) -> i64 {
    DateTime::parse_from_rfc3339(time)
        .expect("a time")
        .timestamp_millis()
}

fn feature(number: usize, event: &Event) -> String {
    let Event {
        id,
        updated,
        magnitude,
        status,
    } = event;
    let time = millis("2026-01-01T00:00:00Z") + i64::try_from(number).expect("a few") * 1000 + 40;
    format!(
        r#"{{"type":"Feature","properties":{{"mag":{magnitude},"place":"10 km W of Nowhere","time":{time},"updated":{updated},"tz":null,"url":"https://quakes.example/{id}","felt":null,"cdi":null,"mmi":3.279,"alert":"green","status":"{status}","tsunami":0,"sig":313,"net":"us","code":"x{number}","ids":",{id},at00{number},","sources":",us,at,","types":",origin,shakemap,","nst":null,"dmin":0.501,"rms":0.57,"gap":69,"magType":"mb","type":"earthquake","title":"M {magnitude} - 10 km W of Nowhere"}},"geometry":{{"type":"Point","coordinates":[-117.5,35.7705,10]}},"id":"{id}"}}"#
    )
}

fn refusal(why: &str) -> Reply {
    let body = format!(
        "Error 400: Bad Request\n\n{why}\n\nUsage details are available from https://earthquake.usgs.gov/fdsnws/event/1\n"
    );
    let Reply::Answer { body, .. } = Reply::status(400, body) else {
        unreachable!("it is an answer");
    };
    Reply::Answer {
        status: 400,
        headers: vec![("content-type".to_owned(), "text/plain".to_owned())],
        body,
    }
}

fn replay(catalogue: &Catalogue) -> impl Fn(&Request) -> Reply + Send + Sync + use<> {
    let (catalogue, busy) = (Arc::clone(catalogue), AtomicBool::new(false));
    move |request| {
        if request.number_in("offset") == 2001 && !busy.swap(true, Ordering::Relaxed) {
            return Reply::html(503, "<h1>Service Unavailable</h1>").with("retry-after", "0");
        }
        let said = |name| request.parameter(name).unwrap_or("");
        let fixed = [
            said("format"),
            said("starttime"),
            said("minmagnitude"),
            said("orderby"),
            said("includedeleted"),
        ];
        assert_eq!(fixed, ["geojson", "2020-01-01", "4.5", "time-asc", "true"]);
        let Ok(since) = DateTime::parse_from_rfc3339(said("updatedafter")) else {
            return refusal("Bad updatedafter value. Valid values are ISO-8601 timestamps.");
        };
        let (offset, limit) = (request.number_in("offset"), request.number_in("limit"));
        if offset == 0 {
            return refusal("Bad offset value \"0\". Valid values are >= 1.");
        }
        if limit > 20_000 {
            return refusal("Bad limit value. Valid values are >= 1 and <= 20000.");
        }
        let catalogue = catalogue.lock().expect("no test panicked here");
        let events = catalogue.iter().enumerate();
        let found = events.filter(|(_, event)| {
            event.magnitude >= 4.5 && event.updated >= since.timestamp_millis()
        });
        let shown: Vec<String> = found
            .skip(offset - 1)
            .take(limit)
            .map(|(number, event)| feature(number, event))
            .collect();
        let count = shown.len();
        Reply::json(format!(
            r#"{{"type":"FeatureCollection","metadata":{{"generated":1795248000000,"url":"x","title":"USGS Earthquakes","status":200,"api":"1.14.1","limit":{limit},"offset":{offset},"count":{count}}},"features":[{}]}}"#,
            shown.join(",")
        ))
    }
}

#[tokio::test]
async fn usgs() {
    // One request a second would take its time.
    let definition = shipped("usgs").replace("rate = \"1/s\", ", "");
    on_each_database(&definition, async |world| {
        let event = |number: usize| Event {
            id: format!("us{number:05}"),
            updated: millis("2026-02-01T00:00:00Z"),
            magnitude: 4.7,
            status: "reviewed",
        };
        let catalogue = Catalogue::new(Mutex::new((0..2005).map(event).collect()));
        let change = |by: &dyn Fn(&mut Vec<Event>)| by(&mut catalogue.lock().expect("no test panicked here"));
        change(&|all| {
            all[0].updated = millis("2026-11-20T06:00:00.040Z");
            all[0].magnitude = 5.25;
        });
        world.upstream.answers(replay(&catalogue));
        let counts = complete(&world, "earthquakes").await.counts;
        assert_eq!((counts.inserted, counts.pages, counts.requests, counts.bad_values), (2005, 2, 3, 0));
        let page = |offset: usize, since: &str| {
            format!("/query?format=geojson&includedeleted=true&limit=2000&minmagnitude=4.5&offset={offset}&orderby=time-asc&starttime=2020-01-01&updatedafter={since}")
        };
        let start = "2020-01-01T00:00:00Z";
        assert_eq!(asked(&world), [page(1, start), page(2001, start), page(2001, start)]);
        let names = ["id", "occurred_at", "updated_at", "magnitude", "magnitude_type", "longitude", "latitude", "depth_km", "alert", "tsunami", "significance", "felt", "shaking", "gap_degrees"];
        let rows = fields(&world, "earthquakes", &names).await;
        assert_eq!(rows[0], "us00000 | 2026-01-01T00:00:00.040Z | 2026-11-20T06:00:00.040Z | 5.25 | mb | -117.5 | 35.7705 | 10 | green | false | 313 | - | 3.279 | 69");
        assert_eq!(items(&world, "earthquakes", "ids").await[..2], ["1 | us00000", "1 | at000"]);
        assert_eq!(items(&world, "earthquakes", "products").await[..2], ["1 | origin", "1 | shakemap"]);

        writes_nothing(&world, "earthquakes").await;
        assert_eq!(asked(&world), [page(1, "2026-11-20T05:50:00.040Z")]);
        // One is corrected, one was none at all, and one was weaker than was thought: the last is no longer among them.
        change(&|all| {
            let now = millis("2026-11-20T07:00:00Z");
            (all[1].updated, all[1].magnitude) = (now, 4.9);
            (all[2].updated, all[2].status) = (now, "deleted");
            (all[3].updated, all[3].magnitude) = (now, 4.4);
        });
        let counts = complete(&world, "earthquakes").await.counts;
        assert_eq!((counts.inserted, counts.updated, counts.deleted), (0, 1, 1));
        let live = world.live("earthquakes").await;
        assert_eq!((live.contains(&"us00002".to_owned()), live.contains(&"us00003".to_owned())), (false, true));
        writes_nothing(&world, "earthquakes").await;
        world.pass(Duration::days(8));
        let counts = complete(&world, "earthquakes").await.counts;
        assert_eq!((counts.inserted, counts.updated, counts.deleted), (0, 0, 1));
        assert_eq!(world.live("earthquakes").await.len(), 2003);
    })
    .await;
}
