//! Searches the models whole, then each with one thing done wrong, and prints what was found.

use std::process::ExitCode;

use mayday_model::{Bug, Found, catch, worlds};

fn main() -> ExitCode {
    let mut good = true;
    for (name, world) in worlds() {
        let Found { states, depth, broken, never } = world.search(None);
        println!("{states:>12} states, {depth:>3} deep  {name}");
        for what in never {
            good = false;
            println!("             never: {what}");
        }
        for (property, way) in broken {
            good = false;
            println!("             broken: {property}\n               {}", way.join("\n               "));
        }
    }
    for bug in Bug::ALL {
        match catch(bug) {
            Some((property, way)) => println!("{:>12} steps  {bug:?}: {property}", way.len()),
            None => {
                good = false;
                println!("             NOT CAUGHT  {bug:?}");
            }
        }
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
