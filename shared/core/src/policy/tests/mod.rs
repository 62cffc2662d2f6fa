mod golden;
mod schema;
