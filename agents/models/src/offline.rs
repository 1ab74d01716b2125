//! The embedded model: deterministic, without a key and without a network.

mod draft;
mod extract;
mod own;
mod plain;
mod question;
mod words;

use crate::free;
use async_trait::async_trait;
use attache_journal::{CallRequest, Message, Reply};
use attache_planner::{ChatModel, ModelError, ModelReply, ModelRequest};
use attache_prompts::{Brief, PromptFault, Prompts};
use attache_tools::{KbHits, Passage};
use draft::Data;
use extract::Lack;
use plain::plain;
use question::Question;
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;
use words::Words;

/// Plans by the playbook and writes nothing that does not stand somewhere.
///
/// It asks for the tools of `offline.plan` one by one, finds out from the
/// conversation how far it is, and makes the last text either of sentences of
/// the knowledge base (`reply`) or of the playbook's template (drafts). Where
/// that cannot be done, or a call of its was refused, it asks for
/// `escalate_to_human`. What a customer writes is searched with and compared; no
/// sentence of it can change the plan. Where a reviewer asks for another version
/// it searches with their words, and writes from what that finds.
#[derive(Clone, Debug)]
pub struct Offline {
    prompts: Arc<Prompts>,
    words: Words,
}

impl Offline {
    /// On these templates.
    #[must_use]
    pub fn new(prompts: Arc<Prompts>) -> Self {
        Self { prompts, words: Words::new() }
    }

    fn plan(&self, request: &ModelRequest<'_>) -> Reply {
        let said = Said::of(request.transcript);
        if let Some((call, code)) = said.refused() {
            return match call.name.as_str() {
                // Nobody is left to ask.
                ESCALATE => Reply { text: Some("A person must take over.".to_owned()), calls: Vec::new() },
                "ask_customer" | "reply" => {
                    let query = self.question(request.brief).query;
                    let step = format!("Answer the question; what was found was not allowed. Searched for: {query}");
                    escalate(&said, "no_answer", &first_chars(&step, 700))
                }
                name => escalate(&said, "call_refused", &format!("Go on by hand: {name} was refused with {code}.")),
            };
        }
        let mut plan: Vec<&String> = request.playbook.offline.plan.iter().collect();
        // What was looked up of the customer before is known still.
        plan.retain(|tool| !said.again || *tool != "crm_lookup");
        let done = said.new.iter().fold(0, |at, call| if plan.get(at) == Some(&&call.name) { at + 1 } else { at });
        let Some(tool) = plan.get(done) else {
            return match plan.is_empty() {
                true => escalate(&said, "no_plan", "Go on by hand: the playbook has no plan for the offline model."),
                false => Reply { text: Some("Done.".to_owned()), calls: Vec::new() },
            };
        };
        let call = match tool.as_str() {
            "crm_lookup" => Ok((tool.as_str(), json!({ "deals": true, "tickets": true }))),
            "kb_search" => self.query(request).map(|query| (tool.as_str(), json!({ "query": query }))),
            "reply" => self.answer(request, &said),
            ESCALATE => Err(Hand { reason: "playbook", next_step: "Take over.".to_owned() }),
            // The drafting tools, which share one input.
            _ => {
                self.draft(request, &said).and_then(|draft| said.other(tool, draft)).map(|draft| (tool.as_str(), draft))
            }
        };
        match call {
            Ok((tool, arguments)) => said.ask(tool, &arguments),
            Err(hand) => escalate(&said, hand.reason, &hand.next_step),
        }
    }

    fn query(&self, request: &ModelRequest<'_>) -> Result<String, Hand> {
        let query = match (request.brief.instructions.last(), &request.playbook.offline.query) {
            (Some(instruction), _) => instruction.clone(),
            (None, Some(template)) => {
                let name = format!("{}.toml", request.playbook.name);
                self.prompts.render_inline(&name, template, request.brief)?
            }
            (None, None) => self.question(request.brief).query,
        };
        // `kb_search` takes 1 to 2,000 characters.
        let query: String = query.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(2_000).collect();
        Ok(if query.is_empty() { request.brief.goal.clone() } else { query })
    }

    /// What the customer asks: in this message, or in the one before, which this
    /// one makes clear.
    fn question(&self, brief: &Brief) -> Question {
        let text = trigger_text(brief);
        let said = Question::of(text, &self.words);
        match &brief.trigger.asked {
            Some(asked) if !(text.contains('?') && said.words().len() > 1) => {
                let chosen = chosen(&asked.question, text, &self.words);
                Question::of(&asked.message, &self.words).meaning(chosen.unwrap_or(text), &self.words)
            }
            _ => said,
        }
    }

    fn answer(&self, request: &ModelRequest<'_>, said: &Said<'_>) -> Result<(&'static str, Value), Hand> {
        #[derive(Serialize)]
        struct Reply<'a> {
            #[serde(flatten)]
            brief: &'a Brief,
            answer: &'a str,
            sources: &'a [String],
        }
        let question = self.question(request.brief);
        let hits = said.hits();
        let answer = match extract::answer(&question, &hits, &self.words) {
            Ok(answer) => answer,
            // Who was asked already is not asked again, and policy holds that.
            Err(Lack::Unclear(alike))
                if request.brief.trigger.asked.is_none() && request.playbook.tools.iter().any(|tool| tool == ASK) =>
            {
                let alike: Vec<&Passage> = alike.iter().filter_map(|at| hits.get(*at)).collect();
                return self.ask_back(request.brief, &alike);
            }
            Err(lack) => return Err(Hand { reason: "no_answer", next_step: next_step(&lack, &hits, &question.query) }),
        };
        let data = Reply { brief: request.brief, answer: &answer.text, sources: &answer.sources };
        let text = match &request.playbook.offline.template {
            Some(template) => self.prompts.render(template, &data)?,
            None => answer.text.clone(),
        };
        Ok(("reply", json!({ "text": text, "cite": answer.cite })))
    }

    /// Asks the customer which of these articles they mean.
    fn ask_back(&self, brief: &Brief, alike: &[&Passage]) -> Result<(&'static str, Value), Hand> {
        #[derive(Serialize)]
        struct Choice<'a> {
            #[serde(flatten)]
            brief: &'a Brief,
            options: Vec<&'a str>,
        }
        let options = alike.iter().map(|passage| article(passage)).collect();
        let text = self.prompts.render("drafts/clarify.tera", &Choice { brief, options })?;
        let cite: Vec<&str> = alike.iter().map(|passage| passage.id.as_str()).collect();
        Ok((ASK, json!({ "text": text, "cite": cite })))
    }

    fn draft(&self, request: &ModelRequest<'_>, said: &Said<'_>) -> Result<Value, Hand> {
        let hits = said.hits();
        let crm = said.result("crm_lookup").unwrap_or_default();
        let mut data = Data::new(request.brief, &hits, &crm);
        let Some(template) = &request.playbook.offline.template else {
            return Err(Hand {
                reason: "template_fault",
                next_step: "Write the text: the playbook has no template.".to_owned(),
            });
        };
        let text = self.prompts.render(template, &data)?;
        // Whether the template looks at passages shows when there are none.
        data.passages.clear();
        let looked = !hits.is_empty() && self.prompts.render(template, &data).as_ref() != Ok(&text);
        let (subject, body) = text.split_once('\n').unwrap_or((&text, ""));
        let (subject, body) = (subject.trim(), body.trim());
        if subject.is_empty() || body.is_empty() {
            let next_step = format!("Write the text: {template} gives no subject or no body.");
            return Err(Hand { reason: "template_fault", next_step });
        }
        let cite = draft::cite(&text, looked, request.brief, &hits);
        Ok(json!({ "subject": first_chars(subject, 200), "body": body, "cite": cite }))
    }
}

#[async_trait]
impl ChatModel for Offline {
    fn name(&self) -> &str {
        "offline"
    }

    async fn complete(&self, request: &ModelRequest<'_>) -> Result<ModelReply, ModelError> {
        Ok(ModelReply { model: "offline".to_owned(), reply: self.plan(request), usage: free() })
    }
}

const ASK: &str = "ask_customer";
const ESCALATE: &str = "escalate_to_human";

/// The title of the article that a passage is of.
fn article(passage: &Passage) -> &str {
    passage.title.split(" > ").next().unwrap_or_default()
}

/// Which line of our numbered question `text` names, if it does nothing else.
fn chosen<'a>(question: &'a str, text: &str, words: &Words) -> Option<&'a str> {
    /// What names a place, and what does in want of these: `the second one`.
    type Place = (&'static [&'static str], &'static str);
    const PLACES: [Place; 3] = [
        (&["1", "1st", "first", "former"], "one"),
        (&["2", "2nd", "second", "latter"], "two"),
        (&["3", "3rd", "third"], "three"),
    ];
    const NAMING: &str =
        "answer article choice item last latter former number option point second third topic 1st 2nd 3rd";
    let said: Vec<String> = text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let says = |name: &str| said.iter().any(|word| word == name);
    let options: Vec<&str> = (1..).map_while(|place| option(question, place)).collect();
    if !words.of(text).is_subset(&words.of(NAMING)) {
        return None;
    }
    let places = |named: &dyn Fn(&Place) -> bool| {
        PLACES.iter().zip(&options).filter(|(place, _)| named(place)).map(|(_, option)| *option).collect::<Vec<_>>()
    };
    let named = places(&|(names, _)| names.iter().any(|name| says(name)));
    let last: Vec<&str> = options.last().copied().filter(|_| says("last")).into_iter().collect();
    let counted = places(&|(_, count)| says(count));
    match [named, last, counted].into_iter().find(|found| !found.is_empty())?.as_slice() {
        [one] => Some(one),
        _ => None,
    }
}

/// The option of our question at a place, from 1.
fn option(question: &str, place: usize) -> Option<&str> {
    question.lines().find_map(|line| line.strip_prefix(&place.to_string())?.strip_prefix(". "))
}

/// What a person does about a question that was not answered.
fn next_step(lack: &Lack, hits: &[Passage], query: &str) -> String {
    let step = match lack {
        Lack::Contradiction(one, other) => {
            format!("Answer the question, and set the articles right: `{one}` and `{other}` contradict each other.")
        }
        Lack::Nothing => "Answer the question: no article speaks of it.".to_owned(),
        Lack::Own => "Look into the customer's account and answer: articles know nothing of it.".to_owned(),
        Lack::Unclear(alike) => {
            let titles: Vec<&str> = alike.iter().filter_map(|at| hits.get(*at)).map(article).collect();
            format!("Answer the question, or ask which they mean: `{}`.", titles.join("`, `"))
        }
        Lack::Weak(title) => format!(
            "Answer the question, or ask whether they mean `{title}`, which comes nearest and does not say enough."
        ),
    };
    format!("{} Searched for: {}", first_chars(&step, 400), first_chars(query, 300))
}

/// A person must go on.
struct Hand {
    reason: &'static str,
    next_step: String,
}

impl From<PromptFault> for Hand {
    fn from(fault: PromptFault) -> Self {
        // The message names template and variable, never a value.
        Self {
            reason: "template_fault",
            next_step: format!("Write the text by hand: {}", first_chars(&fault.to_string(), 300)),
        }
    }
}

/// What this model did so far, and what came of it.
struct Said<'a> {
    calls: Vec<&'a CallRequest>,
    /// Those since it was asked for another version, or all.
    new: Vec<&'a CallRequest>,
    /// Whether it was.
    again: bool,
    /// Name, id of the call, content.
    results: Vec<(&'a str, &'a str, &'a str)>,
}

impl<'a> Said<'a> {
    fn of(transcript: &'a [Arc<Message>]) -> Self {
        let mut said = Self { calls: Vec::new(), new: Vec::new(), again: false, results: Vec::new() };
        for message in transcript {
            match message.as_ref() {
                Message::Assistant(reply) => {
                    said.calls.extend(&reply.calls);
                    said.new.extend(&reply.calls);
                }
                Message::Tool { call, name, content } => said.results.push((name, call, content)),
                // The first is the brief.
                Message::User { .. } if !said.calls.is_empty() => {
                    said.again = true;
                    said.new.clear();
                }
                Message::System { .. } | Message::User { .. } => {}
            }
        }
        said
    }

    /// The last call, if what came of it is an error, with its code.
    fn refused(&self) -> Option<(&'a CallRequest, String)> {
        let (_, id, content) = self.results.last()?;
        let value: Value = serde_json::from_str(content).ok()?;
        let error = value.as_object()?.get("error").filter(|error| !error.is_null())?;
        let code = error.get("code").unwrap_or(error).as_str().unwrap_or("an error");
        let call = self.calls.iter().rev().find(|call| call.id == *id)?;
        Some((call, first_chars(code, 80)))
    }

    /// The input of a call, if this model did not ask for the very same before.
    fn other(&self, tool: &str, input: Value) -> Result<Value, Hand> {
        let same = |call: &&&CallRequest| {
            call.name == tool && serde_json::from_str(&call.arguments).ok() == Some(input.clone())
        };
        match self.calls.iter().find(same) {
            Some(_) => Err(Hand {
                reason: "no_other_version",
                next_step: "Write the text by hand: no article gives another version.".to_owned(),
            }),
            None => Ok(input),
        }
    }

    /// What the last call of `tool` returned.
    fn result(&self, tool: &str) -> Option<Value> {
        let (_, _, content) = self.results.iter().rev().find(|(name, ..)| *name == tool)?;
        serde_json::from_str(content).ok()
    }

    /// What was found, as it can be said.
    fn hits(&self) -> Vec<Passage> {
        let found = self.result("kb_search").and_then(|value| serde_json::from_value::<KbHits>(value).ok());
        let hits = found.map(|found| found.hits).unwrap_or_default().into_iter();
        hits.map(|hit| Passage { passage: plain(&hit.passage), ..hit }).collect()
    }

    fn ask(&self, tool: &str, arguments: &Value) -> Reply {
        let id = format!("offline_{}", self.calls.len() + 1);
        Reply { text: None, calls: vec![CallRequest { id, name: tool.to_owned(), arguments: arguments.to_string() }] }
    }
}

fn escalate(said: &Said<'_>, reason: &str, next_step: &str) -> Reply {
    said.ask(ESCALATE, &json!({ "reason": reason, "next_step": next_step }))
}

fn trigger_text(brief: &Brief) -> &str {
    brief.trigger.text.as_deref().unwrap_or(&brief.goal)
}

fn first_chars(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[cfg(test)]
mod tests;
