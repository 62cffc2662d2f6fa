//! Telephone numbers as plans write them.

/// The digits of a number, whatever stands between them.
#[must_use]
pub fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

/// A number in E.164, `+15550003`: with its country, 7 to 15 digits. `None` for anything else.
///
/// Source: ITU-T E.164; the shortest subscriber numbers with a country's code have seven digits.
#[must_use]
pub fn e164(number: &str) -> Option<String> {
    let number = number.trim();
    let plain = |character: char| character.is_ascii_digit() || matches!(character, ' ' | '-' | '.' | '(' | ')' | '/');
    let rest = number.strip_prefix('+').filter(|rest| rest.chars().all(plain))?;
    let digits = digits(rest);
    ((7..=15).contains(&digits.len()) && !digits.starts_with('0')).then(|| format!("+{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_plans_write_them() {
        assert_eq!(e164("+1-555-0003").as_deref(), Some("+15550003"));
        assert_eq!(e164(" +49 (30) 123 456 ").as_deref(), Some("+4930123456"));
        for wrong in ["15550003", "+0155500", "+1-555-CALL", "+12345", "+1234567890123456", "", "[Contact]"] {
            assert_eq!(e164(wrong), None, "{wrong}");
        }
    }
}
