//! `samenhang audit data-subject`: the report for one person, as JSON or as a page to be printed.

use anyhow::{Context as _, Result};
use control::{REPORT_LABEL, Reply, Request, RightsAnswer, RightsRequest};
use crypto::SealingKey;
use serde_json::Value;

use super::target::Target;
use super::{output, unexpected};
use crate::exit::Exit;
use crate::runtime::random_seed;

/// Options of `audit data-subject`.
#[derive(Debug, clap::Args)]
pub(super) struct SubjectArguments {
    #[command(flatten)]
    target: Target,
    /// The organisation's own reference of the family.
    #[arg(value_name = "GEZIN")]
    family: String,
    /// The number of the person in the record, the first row being 1.
    #[arg(long, value_name = "N")]
    person: u8,
    /// A draft was made and reviewed: this is the report that the person gets.
    #[arg(long)]
    release: bool,
    /// Print a page of HTML instead of JSON.
    #[arg(long)]
    html: bool,
}

/// Prints the report.
pub(super) async fn run(arguments: &SubjectArguments) -> Result<Exit> {
    // For this one report: what crosses the socket opens with it only.
    let key = SealingKey::from_seed(&random_seed()?);
    let right = RightsRequest::Report {
        family: arguments.family.clone(),
        person: arguments.person,
        release: arguments.release,
        key: hex::encode(key.public().as_bytes()),
    };
    let mut connection = arguments.target.any().await?;
    let reply = connection.client.ask(&Request::Rights { right }, |_| ()).await;
    connection.close().await;
    let Reply::Rights(RightsAnswer::Report(sealed)) = reply? else { return Err(unexpected()) };
    let sealed = sealed.bytes().ok_or_else(unexpected)?;
    let report = key.open(REPORT_LABEL, &[], &sealed).context("the report does not open")?;
    let report: Value = serde_json::from_slice(&report).context("the report cannot be read")?;
    if arguments.html {
        output::line(&output::page("Uw gegevens", &paragraphs(&report)))?;
    } else {
        output::line(&serde_json::to_string_pretty(&report)?)?;
    }
    Ok(Exit::Ok)
}

/// The report in words.
fn paragraphs(report: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut said = Vec::new();
    if report["concept"] == true {
        said.push("CONCEPT. Eerst nakijken; dit exemplaar is niet om te verstrekken.".to_owned());
    }
    said.push(format!(
        "{} heeft deze gegevens van u. Gemaakt op {}. Ons kenmerk: {}.",
        text(&report["organisatie"]),
        text(&report["gemaakt_op"]),
        text(&report["gezin"])
    ));
    said.push("Welke gegevens hebben wij van u?".to_owned());
    said.push(rows(&report["gegevens"]));
    said.push("Wat hebben wij aangemeld?".to_owned());
    said.push(rows(&report["signaal"]));
    said.push("Bent u daarover geïnformeerd?".to_owned());
    said.push(rows(&report["geinformeerd"]));
    said.push("Welke andere organisaties kennen uw gezin via u?".to_owned());
    let others: Vec<String> = report["ook_betrokken"].as_array().into_iter().flatten().map(text).collect();
    said.push(if others.is_empty() { "Geen.".to_owned() } else { others.join("\n") });
    said.push("Wat is er met uw gegevens gedaan?".to_owned());
    let entries = report["logboek"].as_array().into_iter().flatten();
    let entry = |entry: &Value| {
        let parts = ["tijd", "soort", "uitkomst"].map(|name| text(&entry[name]));
        parts.join("  ").trim_end().to_owned()
    };
    said.push(entries.map(entry).collect::<Vec<_>>().join("\n"));
    said.push("Wat staat er niet in?".to_owned());
    said.push(
        "Gegevens van andere personen, en wat alleen over hen gaat. U mag vragen om gegevens te verbeteren, bezwaar maken, of een \
         klacht indienen bij de Autoriteit Persoonsgegevens."
            .to_owned(),
    );
    said.push(format!("Vragen? Neem contact op: {}", text(&report["contactpunt"])));
    said
}

/// What there is, a line for each.
fn rows(value: &Value) -> String {
    let mut lines = Vec::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        match value {
            Value::Null => {}
            Value::Object(_) => lines.push(format!("{name}: {}", rows(value).replace('\n', ", "))),
            Value::String(text) => lines.push(format!("{name}: {text}")),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) => lines.push(format!("{name}: {value}")),
        }
    }
    lines.join("\n")
}
