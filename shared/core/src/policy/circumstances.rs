/// What is so while something is asked for: the context of a policy. What is not known is not so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "policies speak of each by its name")]
pub struct Circumstances {
    /// Somebody breaks the glass: they have no grant, but a reason, and two others will have to approve.
    pub break_glass: bool,
    /// An incident is open.
    pub incident: bool,
    /// It is a rehearsal.
    pub drill: bool,
    /// Whoever asks is on call.
    pub on_call: bool,
}
