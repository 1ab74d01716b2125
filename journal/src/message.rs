//! What is said to a model and what it says.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One message of a conversation with a model.
///
/// Text in it carries placeholders where personal data stood, and no hidden
/// fact.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "role")]
pub enum Message {
    /// What the model said before.
    Assistant(Reply),
    /// The rules of the conversation, written by us.
    System {
        /// The text.
        text: String,
    },
    /// What a tool returned: data, never instruction.
    Tool {
        /// The model's own id of the call that this answers.
        call: String,
        /// The tool's name.
        name: String,
        /// What the tool returned, or the fault as `{"error": …}`.
        content: String,
    },
    /// Data and requests from outside.
    User {
        /// The text.
        text: String,
    },
}

/// What a model said in one turn.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Reply {
    /// Free text, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The calls it asks for, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<CallRequest>,
}

/// A call that a model asks for. It is a wish: nothing is checked yet.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct CallRequest {
    /// The model's own id of it, only good for answering.
    pub id: String,
    /// The name it gave; perhaps no tool has it.
    pub name: String,
    /// The arguments as the text it wrote; perhaps not JSON.
    pub arguments: String,
}
