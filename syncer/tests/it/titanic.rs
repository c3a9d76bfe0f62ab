//! The shipped definition of a CSV file, on passengers who never sailed.

use entity::{record::Column, run::Outcome};
use sea_orm::QueryOrder;

use crate::world::{assert_outcome, on_each_database};

const HEADER: &str =
    "Survived,Pclass,Name,Sex,Age,Siblings/Spouses Aboard,Parents/Children Aboard,Fare\r\n";

#[tokio::test]
async fn passengers_are_checked_value_by_value() {
    let shipped = syncer::source::shipped().into_iter();
    let mut shipped = shipped.filter(|file| file.path == "titanic.toml");
    let toml = shipped.next().expect("it is shipped").text;
    let toml = toml.replace("name     = \"titanic\"", "name = \"fake\"");
    let lines = [
        // As they should be: plain, quoted, an infant, unknown age, and the same one twice.
        "0,3,Mr. Amos Vale,male,22,1,0,7.25",
        "1,1,\"Vale, \"\"Countess\"\" Ida\",female,38,1,0,71.2833",
        "1,2,Master. Tom Reed,male,0.42,0,1,8.5167",
        "0,3,Miss. Una Gray,female,,0,0,0",
        "0,3,Mr. Amos Vale,male,22,1,0,7.25",
        // A value that does not fit is left out and told of.
        "0,3,Mr. Old,male,130,0,0,8",
        "0,3,Mr. Young,male,-1,0,0,8",
        "0,3,Mr. Exact,male,28.125,0,0,8",
        "0,3,Mr. Half,male,30,1.5,0,8",
        "0,3,Mr. Many,male,30,0,21,8",
        "0,3,Mr. Dear,male,30,0,0,free",
        "0,3,Mr. Debt,male,30,0,0,-8",
        // Without these there is no passenger.
        "2,3,Mr. Perhaps,male,30,0,0,8",
        "0,4,Mr. Deck,male,30,0,0,8",
        "0,3,Mx. Other,unknown,30,0,0,8",
        "0,3,,male,30,0,0,8",
        "0,3,Mr. Short,male,30",
    ];
    let table = [HEADER, &lines.join("\r\n"), "\r\n"].concat();
    on_each_database(&toml, async |mut world| {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("titanic.csv"), &table).expect("it can be written to");
        world.redefine_in(folder.path(), &toml).await;
        let report = world.sync("passengers").await;
        assert_outcome(&report, Outcome::Complete);
        let counts = report.counts;
        assert_eq!((counts.inserted, counts.rejected, counts.bad_values), (12, 5, 7));
        let rows = entity::record::find("fake_passengers").order_by_asc(Column::Rowno);
        let rows = rows.all(&world.db).await.expect("the table is there");
        assert_eq!(
            rows[1].payload,
            r#"{"Survived":1,"Pclass":1,"Name":"Vale, \"Countess\" Ida","Sex":"female","Age":38,"Siblings/Spouses Aboard":1,"Parents/Children Aboard":0,"Fare":71.2833}"#
        );
        let keys: Vec<&str> = rows.iter().map(|row| row.record_key.as_str()).collect();
        assert_eq!(keys, ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"]);
        let found = world
            .column("SELECT name FROM fake_passengers WHERE survived AND class = 2 AND age < 1 AND fare = 8.5167")
            .await;
        assert_eq!(found, [Some("Master. Tom Reed".to_owned())]);
        let without = world
            .column(
                "SELECT name FROM fake_passengers WHERE age IS NULL OR siblings_spouses IS NULL \
                 OR parents_children IS NULL OR fare IS NULL ORDER BY rowno",
            )
            .await;
        assert_eq!(without.len(), 8, "the seven and one of unknown age: {without:?}");
        assert_eq!(
            world.reasons().await,
            [
                "field `class`: `4` is none of 1, 2, 3",
                "field `name`: is required, and absent or null",
                "field `sex`: `unknown` is none of male, female",
                "field `survived`: `2` is not true or false, 1 or 0, yes or no",
                "record 17: the line has 5 values where the header names 8 columns",
            ]
        );
        assert_eq!(world.sync("passengers").await.counts.unchanged, 12);
    })
    .await;
}
