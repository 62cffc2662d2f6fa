mod document;
mod golden;
mod schema;
