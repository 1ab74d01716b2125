//! For each action the rules that can apply to it, and no others: Cedar asks
//! every rule of the set that it is given.

use crate::history::Leaf;
use crate::lower::owner;
use crate::request::{Lexicon, Needs};
use crate::schema::{FIXED, Shape, Tools};
use cedar_policy::{
    ActionConstraint, Entities, Entity, EntityUid, EvalResult, Expression, Policy, PolicyId, PrincipalConstraint,
    Request, ResourceConstraint, eval_expression,
};
use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// What is needed to decide on one action: only the rules that can apply to it.
#[derive(Debug)]
pub(crate) struct Slice {
    pub(crate) action: EntityUid,
    pub(crate) kind: SliceKind,
    // Apart, because Cedar names the rules of one effect only.
    pub(crate) permits: cedar_policy::PolicySet,
    pub(crate) forbids: cedar_policy::PolicySet,
    /// The leaves of history that they read.
    pub(crate) leaves: Vec<usize>,
    /// The action with the groups it is in.
    pub(crate) entities: Entities,
    /// What of a request they can read.
    pub(crate) needs: Needs,
    /// When they fire: read once it has been asked a few times.
    program: OnceLock<Option<Program>>,
    /// How often it was asked before that.
    asked: AtomicU32,
}

/// So often the authorizer is asked first: to read the rules of a slice takes as long as some ten of its answers, and
/// a process that makes one run need not. Tests of this crate compare both at each decision.
const FEW: u32 = 8;

#[derive(Debug)]
pub(crate) enum SliceKind {
    Engage,
    Fact,
    /// With the shape of its input.
    Tool(Shape),
}

/// The rules of a slice as one expression, whose value is a record that tells for
/// each rule by its index whether it fires. Asking Cedar's evaluator once is
/// about twice as fast as its authorizer, which keeps books on every rule.
#[derive(Debug)]
struct Program(Expression);

impl Slice {
    /// The indices of the rules that fire, or nothing if it is not told this way:
    /// the first few times, and if a rule errs, where the authorizer says which.
    pub(crate) fn fired(
        &self,
        request: &Request,
        entities: &Entities,
        rules: &HashMap<PolicyId, usize>,
    ) -> Option<Vec<usize>> {
        if self.asked.load(Ordering::Relaxed) < FEW {
            self.asked.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        self.told(request, entities, rules)
    }

    /// The same, however often it was asked.
    pub(crate) fn told(
        &self,
        request: &Request,
        entities: &Entities,
        rules: &HashMap<PolicyId, usize>,
    ) -> Option<Vec<usize>> {
        let Program(expression) = self.program.get_or_init(|| self.compile(rules)).as_ref()?;
        let EvalResult::Record(values) = eval_expression(request, entities, expression).ok()? else {
            return None;
        };
        let mut fired = Vec::new();
        for (index, value) in values.iter() {
            match value {
                EvalResult::Bool(true) => fired.push(index.parse().ok()?),
                EvalResult::Bool(false) => {}
                _ => return None,
            }
        }
        Some(fired)
    }

    #[cfg(test)]
    pub(crate) fn is_compiled(&self, rules: &HashMap<PolicyId, usize>) -> bool {
        self.compile(rules).is_some()
    }

    /// Whether it was asked as often as the authorizer answers.
    #[cfg(test)]
    pub(crate) fn is_asked_often(&self) -> bool {
        self.asked.load(Ordering::Relaxed) >= FEW
    }

    fn compile(&self, rules: &HashMap<PolicyId, usize>) -> Option<Program> {
        let policies = self.forbids.policies().chain(self.permits.policies());
        let fields: Option<Vec<_>> =
            policies.map(|policy| Some(format!("\"{}\": ({})", rules.get(policy.id())?, condition(policy)?))).collect();
        // One text, because Cedar takes longer to begin than to read one.
        format!("{{{}}}", fields?.join(", ")).parse().ok().map(Program)
    }
}

/// When a rule fires, as the text of an expression: Cedar tells it as text alone.
/// The action is left out, since it is the slice's.
pub(crate) fn condition(policy: &Policy) -> Option<String> {
    let principal = match policy.principal_constraint() {
        PrincipalConstraint::Any => "principal".to_owned(),
        PrincipalConstraint::In(uid) => format!("principal in {uid}"),
        PrincipalConstraint::Eq(uid) => format!("principal == {uid}"),
        PrincipalConstraint::Is(name) => format!("principal is {name}"),
        PrincipalConstraint::IsIn(name, uid) => format!("principal is {name} in {uid}"),
    };
    let resource = match policy.resource_constraint() {
        ResourceConstraint::Any => "resource".to_owned(),
        ResourceConstraint::In(uid) => format!("resource in {uid}"),
        ResourceConstraint::Eq(uid) => format!("resource == {uid}"),
        ResourceConstraint::Is(name) => format!("resource is {name}"),
        ResourceConstraint::IsIn(name, uid) => format!("resource is {name} in {uid}"),
    };
    let text = policy.to_string();
    let mut parts = Vec::new();
    parts.extend(Some(&*principal).filter(|scope| *scope != "principal"));
    parts.extend(Some(&*resource).filter(|scope| *scope != "resource"));
    if policy.has_non_scope_constraint() {
        let (_, when) = text.split_once(&format!(", {resource}) when {{ "))?;
        parts.push(when.strip_suffix(" };")?);
    }
    Some(match parts.as_slice() {
        [] => "true".to_owned(),
        parts => parts.iter().map(|part| format!("({part})")).collect::<Vec<_>>().join(" && "),
    })
}

/// For each action the rules that can apply to it.
pub(crate) fn slices(
    policies: &cedar_policy::PolicySet,
    lexicon: &Lexicon,
    tools: Tools,
    leaves: &[Leaf],
) -> Result<HashMap<String, Slice>, String> {
    let fixed = FIXED.iter().map(|name| {
        let kind = if *name == "engage" { SliceKind::Engage } else { SliceKind::Fact };
        ((*name).to_owned(), None, kind)
    });
    let kinds = fixed.chain(tools.all().map(|(name, effect, shape)| (name, Some(effect), SliceKind::Tool(shape))));
    let texts: HashMap<_, _> = policies.policies().map(|policy| (policy.id().clone(), policy.to_string())).collect();
    let mut slices = HashMap::new();
    for (name, effect, kind) in kinds {
        let action = lexicon.action(&name);
        let groups: HashSet<EntityUid> = effect.iter().map(|effect| lexicon.action(effect)).collect();
        let within = |uid: &EntityUid| *uid == action || groups.contains(uid);
        let mut permits = cedar_policy::PolicySet::new();
        let mut forbids = cedar_policy::PolicySet::new();
        for policy in policies.policies() {
            let applies = match policy.action_constraint() {
                ActionConstraint::Any => true,
                ActionConstraint::Eq(uid) => uid == action,
                ActionConstraint::In(uids) => uids.iter().any(within),
            };
            if applies {
                let side = match policy.effect() {
                    cedar_policy::Effect::Permit => &mut permits,
                    cedar_policy::Effect::Forbid => &mut forbids,
                };
                side.add(policy.clone()).map_err(|fault| fault.to_string())?;
            }
        }
        let read = leaves
            .iter()
            .enumerate()
            .filter(|(_, leaf)| {
                let id = owner(&leaf.id);
                permits.policy(&id).is_some() || forbids.policy(&id).is_some()
            })
            .map(|(index, _)| index)
            .collect();
        let entities = groups
            .iter()
            .map(|group| Entity::new_no_attrs(group.clone(), HashSet::new()))
            .chain([Entity::new_no_attrs(action.clone(), groups.clone())]);
        let entities = Entities::from_entities(entities, None).map_err(|fault| fault.to_string())?;
        let read_by: Vec<&str> = permits
            .policies()
            .chain(forbids.policies())
            .filter_map(|policy| texts.get(policy.id()).map(String::as_str))
            .collect();
        let needs = Needs::new(&read_by);
        let (program, asked) = (OnceLock::new(), AtomicU32::new(0));
        let slice = Slice { action, kind, permits, forbids, leaves: read, entities, needs, program, asked };
        slices.insert(name, slice);
    }
    Ok(slices)
}
