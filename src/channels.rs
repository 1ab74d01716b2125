//! The ways out that a project has set up.

use crate::app::env;
use crate::config::{Config, Project};
use crate::failure::Failure;
use crate::hooks::{FromBot, FromMailbox};
use attache::channels::{
    Announcer, ChannelFault, Chatwoot, ChatwootHook, Env, Failed, FolderOutbox, ImapInbox, Listed, MailReader, Routes,
    SlackAlerts, SmtpOutbox, Suppressions, WebhookKeys, WebhookSender,
};
use attache::context::Channel;
use attache::journal::Store;
use attache::server::Hook;
use attache::tools::{Crm, Outbox};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Everything by which something leaves.
pub(crate) struct Channels {
    pub(crate) outbox: Arc<dyn Outbox>,
    pub(crate) suppressions: Suppressions,
    pub(crate) mail: Option<SmtpOutbox>,
    webhooks: Option<WebhookSender>,
    slack: Option<SlackAlerts>,
    chatwoot: Option<Chatwoot>,
}

impl Channels {
    /// The ways out that the settings name; what has none leaves as files in `data`.
    pub(crate) fn open(data: &Path, project: &Project) -> Result<Self, Failure> {
        let Config { chatwoot, mail, slack, webhooks, .. } = &project.config;
        let get = |name: &str| env(name);
        let env = Env::new(&get);
        let folder = data.join("outbox");
        let suppressions = Suppressions::new(data.join("suppressed"));
        let files = FolderOutbox::new(&folder, &mail.from).map_err(|e| Failure::refused(format!("mail.from: {e}")))?;
        let mut routes = Routes::new(Arc::new(files));
        let smtp = mail.smtp.clone().map(|mut smtp| {
            smtp.ca = smtp.ca.map(|ca| project.path(&ca));
            SmtpOutbox::new(&smtp, &mail.from, &folder, suppressions.clone(), &env)
        });
        let smtp = smtp.transpose()?;
        if let Some(smtp) = &smtp {
            routes = routes.by(Channel::Email, Arc::new(smtp.clone()));
        }
        let chatwoot = chatwoot.as_ref().map(|chatwoot| Chatwoot::new(chatwoot, folder.join("chatwoot"), &env));
        let chatwoot = chatwoot.transpose()?;
        if let Some(chatwoot) = &chatwoot {
            routes = routes.by(Channel::Chat, Arc::new(chatwoot.clone()));
        }
        let webhooks = webhooks.as_ref().map(|webhooks| WebhookSender::new(webhooks, folder.join("webhooks"), &env));
        let slack = slack.as_ref().map(|slack| SlackAlerts::new(slack, folder.join("slack"), &env)).transpose()?;
        if let Some(slack) = &slack {
            routes = routes.forgets(slack.spool().clone());
        }
        let webhooks = webhooks.transpose()?;
        Ok(Self { outbox: Arc::new(routes), suppressions, mail: smtp, webhooks, slack, chatwoot })
    }

    /// Who is told of what the journal says; `None` if nobody is.
    pub(crate) fn announcer(&self, data: &Path, store: Arc<dyn Store>, project: &Project) -> Option<Arc<Announcer>> {
        if self.webhooks.is_none() && self.slack.is_none() && self.chatwoot.is_none() {
            return None;
        }
        let source = project.config.webhooks.as_ref().map_or("/attache", |webhooks| &webhooks.source);
        let announcer = Announcer::new(store, source, &data.join("outbox"));
        let announcer = announcer.webhooks(self.webhooks.clone()).slack(self.slack.clone());
        Some(Arc::new(announcer.chatwoot(self.chatwoot.clone())))
    }

    /// Who tells us what customers wrote.
    pub(crate) fn hooks(&self, project: &Project, crm: Arc<dyn Crm>) -> Result<Vec<Box<dyn Hook>>, Failure> {
        let mut hooks: Vec<Box<dyn Hook>> = Vec::new();
        if let (Some(bot), Some(config)) = (&self.chatwoot, &project.config.chatwoot) {
            let hook = ChatwootHook::new(env(&config.secret_env));
            hooks.push(Box::new(FromBot { hook, bot: bot.clone(), ai_interaction: config.ai_interaction }));
        }
        let (keys, inbox) = (mail_keys(project)?, inbox(project)?);
        if keys.is_some() || inbox.is_some() {
            let mail = &project.config.mail;
            let server = mail.inbound.authenticated_by.as_deref();
            let reader =
                MailReader::new(&mail.from, server).map_err(|e| Failure::refused(format!("mail.from: {e}")))?;
            let (smtp, suppressions) = (self.mail.clone(), self.suppressions.clone());
            let ai_interaction = mail.inbound.ai_interaction;
            hooks.push(Box::new(FromMailbox { reader, keys, inbox, crm, smtp, suppressions, ai_interaction }));
        }
        Ok(hooks)
    }

    /// What has not left or perhaps has, with the way it goes.
    pub(crate) fn list(&self) -> io::Result<Vec<(&'static str, Listed)>> {
        let spools = [
            ("mail", self.mail.as_ref().map(SmtpOutbox::spool)),
            ("webhook", self.webhooks.as_ref().map(WebhookSender::spool)),
            ("slack", self.slack.as_ref().map(SlackAlerts::spool)),
            ("chatwoot", self.chatwoot.as_ref().map(Chatwoot::spool)),
        ];
        let mut listed = Vec::new();
        for (way, spool) in spools.into_iter().filter_map(|(way, spool)| Some((way, spool?))) {
            listed.extend(spool.list()?.into_iter().map(|letter| (way, letter)));
        }
        Ok(listed)
    }

    /// Sends one of them again.
    pub(crate) async fn resend(&self, way: &str, id: &str) -> Result<String, Failed> {
        match (way, &self.mail, &self.webhooks, &self.slack, &self.chatwoot) {
            ("mail", Some(mail), ..) => mail.resend(id).await,
            ("webhook", _, Some(webhooks), ..) => webhooks.resend(id).await,
            ("slack", _, _, Some(slack), _) => slack.resend(id).await,
            ("chatwoot", .., Some(chatwoot)) => chatwoot.resend(id).await,
            _ => Err(Failed { how: attache::channels::How::Never, message: format!("there is no way out `{way}`") }),
        }
    }
}

/// The keys of who posts mail to us; `None` if nobody does.
pub(crate) fn mail_keys(project: &Project) -> Result<Option<WebhookKeys>, Failure> {
    let name = &project.config.mail.inbound.secret_env;
    let keys = env(name).map(|keys| WebhookKeys::parse(&keys)).transpose();
    keys.map_err(|e| Failure::refused(format!("mail.inbound.secret_env: `{name}` of the environment: {e}")))
}

/// The mailbox that is watched; `None` if there is none.
pub(crate) fn inbox(project: &Project) -> Result<Option<ImapInbox>, Failure> {
    let Some(config) = &project.config.mail.imap else { return Ok(None) };
    let mut config = config.clone();
    config.ca = config.ca.map(|ca| project.path(&ca));
    let get = |name: &str| env(name);
    Ok(Some(ImapInbox::new(&config, &Env::new(&get))?))
}

impl From<ChannelFault> for Failure {
    fn from(fault: ChannelFault) -> Self {
        Self::refused(fault.to_string())
    }
}
