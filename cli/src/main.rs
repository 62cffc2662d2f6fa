//! `mayday`: what is done without Slack.

mod audit;
mod commands;
mod local;
mod manifest;
mod plan;
mod terminal;
mod who;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Runs an organization's disaster recovery plan from Slack. This is the part without Slack.
#[derive(Parser)]
#[command(name = "mayday", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    options: terminal::Options,
}

#[derive(Subcommand)]
enum Command {
    /// Start the whole product on this machine: real PostgreSQL, the functions, AWS's and Slack's interfaces, a console.
    Local(local::Args),
    /// Look at a plan file.
    #[command(subcommand)]
    Plan(plan::Command),
    /// Print the reference of what is typed in Slack, as Markdown.
    Commands,
    /// Print the Slack app's manifest, or why it asks for what it asks.
    Manifest(manifest::Args),
    /// Look at the audit chain.
    #[command(subcommand)]
    Audit(audit::Command),
    #[command(flatten)]
    Terminal(terminal::Command),
    /// Any verb of the slash command, without `dr`.
    #[command(external_subcommand)]
    Verb(Vec<String>),
}

#[tokio::main]
async fn main() -> ExitCode {
    let Cli { command, options } = Cli::parse();
    let result = match command {
        Command::Terminal(command) => return terminal::run(command, options).await.into(),
        Command::Verb(words) => return terminal::run(terminal::Command::Verb(words), options).await.into(),
        Command::Local(args) => local::run(args).await,
        Command::Plan(command) => plan::run(&command).await,
        Command::Commands => {
            commands::print();
            Ok(())
        }
        Command::Manifest(args) => manifest::print(&args),
        Command::Audit(command) => audit::run(&command).await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mayday: {error:#}");
            ExitCode::FAILURE
        }
    }
}
