//! The tools that come with Attaché.

mod crm;
mod escalate;
mod kb;
mod messages;

pub use crm::{CrmInput, CrmLookup};
pub use escalate::{EscalateInput, EscalateToHuman};
pub use kb::{KbHits, KbInput, KbSearch, KbSearchInternal, parse_citation};
pub use messages::{
    AskCustomer, DraftInput, DraftText, Email, Headline, NoticeInput, NotifyCustomer, Reply, ReplyInput, SendInput,
    SendText, Summary, Text, destination,
};

use crate::{Crm, KnowledgeBase, Outbox, RegisterError, Registry};
use std::sync::Arc;

impl Registry {
    /// All built-in tools, on these ports.
    ///
    /// # Errors
    /// None with the shipped tools; [`RegisterError`] is the type of every way in.
    pub fn builtin(
        crm: Arc<dyn Crm>,
        kb: Arc<dyn KnowledgeBase>,
        outbox: &Arc<dyn Outbox>,
    ) -> Result<Self, RegisterError> {
        let mut registry = Self::new();
        registry
            .add(CrmLookup::new(crm))?
            .add(KbSearch::new(kb.clone()))?
            .add(KbSearchInternal::new(kb))?
            .add(Reply::new(outbox.clone()))?
            .add(AskCustomer::new(outbox.clone()))?
            .add(NotifyCustomer::new(outbox.clone()))?
            .add(EscalateToHuman)?
            .add(DraftText::<Email>::default())?
            .add(DraftText::<Headline>::default())?
            .add(DraftText::<Summary>::default())?
            .add(SendText::<Email>::new(outbox.clone()))?
            .add(SendText::<Headline>::new(outbox.clone()))?
            .add(SendText::<Summary>::new(outbox.clone()))?;
        Ok(registry)
    }
}
